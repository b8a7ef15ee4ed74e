/** Bytes that come in parts, cut into lines. Pure. */

const [LINE_FEED, QUOTE] = [0x0a, 0x22]

/** What came behind the last line feed waits for its rest. */
export class Lines {
  private held: Uint8Array = new Uint8Array()

  /** `isQuoted`: a line feed within quotes ends no line. */
  constructor(private readonly isQuoted: boolean) {}

  get heldBytes(): number {
    return this.held.byteLength
  }

  /** The lines that these bytes complete, with their line feeds. */
  cut(data: Uint8Array): Uint8Array[] {
    const all = joined(this.held, data)
    const lines: Uint8Array[] = []
    let begin = 0
    let isWithin = false
    for (let at = 0; at < all.length; at++) {
      if (this.isQuoted && all[at] === QUOTE) isWithin = !isWithin
      if (all[at] !== LINE_FEED || isWithin) continue
      lines.push(all.subarray(begin, at + 1))
      begin = at + 1
    }
    this.held = all.subarray(begin)
    return lines
  }
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.byteLength, 0))
  parts.reduce((offset, part) => (all.set(part, offset), offset + part.byteLength), 0)
  return all
}

export const textOf = (data: Uint8Array): string => new TextDecoder().decode(data)
