/**
 * Rows that the server gives page by page, each behind the cursor of the one before, as a list that can be scrolled.
 *
 * The beginning of each page and its cursor are remembered; of the rows only those of the pages that were seen last, so
 * that scrolling through millions costs a bounded amount of memory. A page that was let go is asked for again.
 */
import { Store } from '../app/store'

export const ROWS_MAX = 400_000 // browsers draw no element that is much higher than these
const PAGES_HELD_MAX = 60
const LOOKS_IN_VAIN_MAX = 20 // pages without a row, one after the other, before somebody is asked

export interface RowPage<Row> {
  readonly items: readonly Row[]
  readonly nextCursor: string | null
  /** How many domains were looked at for it. */
  readonly inspected: number
}

export interface BookState {
  readonly rowCount: number
  readonly inspected: number
  readonly isAsking: boolean
  /** There is no row behind the last one. */
  readonly isWhole: boolean
  /** It has looked for long, and found nothing; it goes on when it is told to. */
  readonly isTired: boolean
  readonly error: unknown
  /** Counts up with each change of the rows. */
  readonly edition: number
}

type Ask<Row> = (cursor: string | undefined, signal: AbortSignal) => Promise<RowPage<Row>>

interface Leaf {
  readonly start: number
  readonly length: number
  readonly cursor: string | undefined
}

const BEGINNING: BookState = {
  rowCount: 0,
  inspected: 0,
  isAsking: false,
  isWhole: false,
  isTired: false,
  error: undefined,
  edition: 0,
}

export class Book<Row> {
  readonly state = new Store<BookState>(BEGINNING)
  private readonly leaves: Leaf[] = []
  private readonly held = new Map<number, readonly Row[]>()
  private readonly asked = new Set<number>()
  private readonly stop = new AbortController()
  private next: string | undefined
  private looksInVain = 0

  constructor(private readonly ask: Ask<Row>) {}

  close(): void {
    this.stop.abort()
  }

  /** The row; undefined where its page is not held just now, and then it is asked for. */
  rowAt(index: number): Row | undefined {
    const number = this.leafAt(index)
    const leaf = this.leaves[number]
    if (leaf === undefined) return undefined
    const rows = this.held.get(number)
    if (rows === undefined) {
      void this.fetchAgain(number, leaf)
      return undefined
    }
    this.hold(number, rows)
    return rows[index - leaf.start]
  }

  /** Ask for what comes behind the last row. */
  more(): void {
    const { isAsking, isWhole, isTired, error, rowCount } = this.state.get()
    if (!isAsking && !isWhole && !isTired && error === undefined && rowCount < ROWS_MAX) void this.fetchNext()
  }

  /** Go on after an error, or after looking in vain. */
  goOn(): void {
    this.looksInVain = 0
    this.change({ error: undefined, isTired: false })
    this.more()
  }

  private async fetchNext(): Promise<void> {
    this.change({ isAsking: true })
    try {
      this.append(await this.ask(this.next, this.stop.signal))
    } catch (error) {
      if (!this.stop.signal.aborted) this.change({ isAsking: false, error })
    }
  }

  private append({ items, nextCursor, inspected }: RowPage<Row>): void {
    if (this.stop.signal.aborted) return
    const { rowCount, inspected: before } = this.state.get()
    if (items.length > 0) {
      this.leaves.push({ start: rowCount, length: items.length, cursor: this.next })
      this.hold(this.leaves.length - 1, items)
    }
    this.next = nextCursor ?? undefined
    this.looksInVain = items.length > 0 ? 0 : this.looksInVain + 1
    const isTired = this.looksInVain >= LOOKS_IN_VAIN_MAX
    this.change({
      rowCount: rowCount + items.length,
      inspected: before + inspected,
      isWhole: nextCursor === null,
      isAsking: false,
      isTired,
    })
    if (items.length === 0) this.more()
  }

  private async fetchAgain(number: number, { cursor }: Leaf): Promise<void> {
    if (this.asked.has(number)) return
    this.asked.add(number)
    try {
      const { items } = await this.ask(cursor, this.stop.signal)
      this.hold(number, items)
      this.change({})
    } catch (error) {
      if (!this.stop.signal.aborted) this.change({ error })
    } finally {
      this.asked.delete(number)
    }
  }

  /** The pages that were looked at last are at the end. */
  private hold(number: number, rows: readonly Row[]): void {
    this.held.delete(number)
    this.held.set(number, rows)
    for (const oldest of this.held.keys()) {
      if (this.held.size <= PAGES_HELD_MAX) return
      this.held.delete(oldest)
    }
  }

  private leafAt(index: number): number {
    let [low, high] = [0, this.leaves.length - 1]
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((this.leaves[middle]?.start ?? 0) <= index) low = middle
      else high = middle - 1
    }
    return low
  }

  private change(part: Partial<BookState>): void {
    const before = this.state.get()
    this.state.set({ ...before, ...part, edition: before.edition + 1 })
  }
}
