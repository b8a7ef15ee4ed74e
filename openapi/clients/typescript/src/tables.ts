/**
 * An export as it arrives: whole rows go on, what is cut waits for its rest, and the trailer tells whether it was all.
 *
 * A table outlives the answers that it is read from: after a break, `begin` and feed what comes behind `lastPosition`.
 * What is given, put together, is one file with one header and one trailer. Pure.
 */
import { Interrupted, Moved, Unreadable } from './errors.js'
import type { ExportFormat } from './generated/types.gen.js'
import { joined, Lines, textOf } from './lines.js'

const ROW_BYTES_MAX = 4_000_000 // the longest title and address together are a small part of it
const PARQUET_MARK = 'PAR1'
const CSV_TRAILER = /^# complete rows=(\d{1,10})\r?\n$/
const CSV_POSITION = /^(\d{1,10}),/
const NOTHING = new Uint8Array()

/** Before the first position. */
export const NOWHERE = -1

/** `rows` and `lastPosition` are of what was handed on so far. */
export interface Table {
  readonly rows: number
  readonly lastPosition: number
  readonly isResumable: boolean
  /** An answer begins: the first, or one that goes on. */
  begin(): void
  /** What may be written now; Unreadable where it makes no sense. */
  feed(data: Uint8Array): Uint8Array
  /** The end of the file. Interrupted where the answer was not whole, however it ended. */
  finish(): Uint8Array
}

/** A table of what lies behind a position. */
export function tableOf(format: ExportFormat, after: number): Table {
  switch (format) {
    case 'csv':
      return new LinesTable(CSV, after)
    case 'ndjson':
      return new LinesTable(NDJSON, after)
    case 'parquet':
      return new ParquetTable(after)
    default:
      throw new TypeError(`This client cannot tell whether a file of ${String(format)} is whole; use exportDomains.`)
  }
}

/** How a format of lines is read. */
interface LineKind {
  readonly hasHeader: boolean
  /** Whether a line feed within quotes ends no line. */
  readonly isQuoted: boolean
  /** undefined where a line is no row. */
  positionOf(line: string): number | undefined
  /** How many rows it tells of, if it is the trailer. */
  rowsToldBy(line: string): number | undefined
  trailer(rows: number): string
}

const CSV: LineKind = {
  hasHeader: true,
  isQuoted: true,
  positionOf: (line) => numberOf(CSV_POSITION.exec(line)),
  rowsToldBy: (line) => numberOf(CSV_TRAILER.exec(line)),
  trailer: (rows) => `# complete rows=${rows}\r\n`,
}

const NDJSON: LineKind = {
  hasHeader: false,
  isQuoted: false,
  positionOf: (line) => {
    const { position } = parsed(line)
    return typeof position === 'number' ? position : undefined
  },
  rowsToldBy: (line) => {
    const { complete, rows } = parsed(line)
    return complete === true ? Number(rows) : undefined
  },
  trailer: (rows) => `{"complete":true,"rows":${rows}}\n`,
}

/** Rows that are lines, one after another by their positions. */
class LinesTable implements Table {
  readonly isResumable = true
  rows = 0
  private header: Uint8Array | undefined
  private isHeaderNext = false
  private lines = new Lines(false)
  private came = 0 // with the present answer
  private told: number | undefined // by its trailer

  constructor(
    private readonly kind: LineKind,
    public lastPosition: number,
  ) {}

  begin(): void {
    this.isHeaderNext = this.kind.hasHeader
    this.lines = new Lines(this.kind.isQuoted)
    this.came = 0
    this.told = undefined
  }

  feed(data: Uint8Array): Uint8Array {
    const lines = this.lines.cut(data)
    if (this.lines.heldBytes > ROW_BYTES_MAX) throw damaged(`A row has more than ${ROW_BYTES_MAX} bytes`)
    const header = this.isHeaderNext ? this.takeHeader(lines.shift()) : NOTHING
    const last = lines.at(-1)
    const told = last && this.kind.rowsToldBy(textOf(last))
    if (told !== undefined) lines.pop()
    this.take(lines)
    if (told !== undefined) this.end(told)
    return joined(header, ...lines)
  }

  finish(): Uint8Array {
    if (this.told === undefined) throw new Interrupted('export_cut', 'The export ended without its trailer.')
    return new TextEncoder().encode(this.kind.trailer(this.rows))
  }

  /** It is written once, and has to be the same after a break. */
  private takeHeader(header: Uint8Array | undefined): Uint8Array {
    if (header === undefined) return NOTHING
    this.isHeaderNext = false
    if (this.header === undefined) return (this.header = header.slice())
    if (textOf(header) !== textOf(this.header))
      throw new Moved('columns_changed', 'The server has other columns than before; begin the export anew.')
    return NOTHING
  }

  private take(rows: readonly Uint8Array[]): void {
    const [first, last] = [rows[0], rows.at(-1)]
    if (first === undefined || last === undefined) return
    if (this.told !== undefined) throw damaged('Rows come after the end of the export')
    const position = this.positionOf(first)
    if (position <= this.lastPosition) throw damaged(`Position ${position} comes after ${this.lastPosition}`)
    this.lastPosition = this.positionOf(last)
    this.came += rows.length
    this.rows += rows.length
  }

  private end(rows: number): void {
    this.told = rows
    if (rows !== this.came) throw damaged(`${this.came} rows came, but ${rows} were sent`)
  }

  private positionOf(row: Uint8Array): number {
    const position = this.kind.positionOf(textOf(row))
    if (position === undefined) throw damaged('A row has no position')
    return position
  }
}

/** Passed on as it comes. Its rows stand in its footer; without the footer it is no file, and none can be put on. */
class ParquetTable implements Table {
  readonly isResumable = false
  readonly rows = 0
  private first = ''
  private last = ''

  constructor(readonly lastPosition: number) {}

  begin(): void {
    this.first = this.last = ''
  }

  feed(data: Uint8Array): Uint8Array {
    const size = PARQUET_MARK.length
    if (this.first.length < size) this.first = (this.first + latin(data.subarray(0, size))).slice(0, size)
    this.last = (this.last + latin(data.subarray(-size))).slice(-size)
    return data
  }

  finish(): Uint8Array {
    if (this.first !== PARQUET_MARK || this.last !== PARQUET_MARK)
      throw new Interrupted('export_cut', 'The export ended without its footer.')
    return NOTHING
  }
}

const latin = (bytes: Uint8Array): string => String.fromCharCode(...bytes)

const numberOf = (found: RegExpExecArray | null): number | undefined => (found === null ? undefined : Number(found[1]))

function parsed(line: string): Partial<Record<'position' | 'complete' | 'rows', unknown>> {
  try {
    return Object(JSON.parse(line))
  } catch {
    throw damaged('A line is no JSON object')
  }
}

function damaged(what: string): Unreadable {
  return new Unreadable('export_damaged', `${what}: what came is no export of a Phaseline server of this version.`)
}
