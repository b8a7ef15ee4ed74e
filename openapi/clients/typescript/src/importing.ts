/** A list of names, sent as it is read; its receipt; and its lines that gave no name. */
import { Interrupted, Lost, Unreadable } from './errors.js'
import type * as generated from './generated/sdk.gen.js'
import type { ImportDomainsData, ImportProgress, ImportReceipt, RejectedLine } from './generated/types.gen.js'
import { Lines, textOf } from './lines.js'
import { isPage } from './sockets.js'
import { partsOf, streamOf } from './streams.js'
import { anyOf, pause } from './time.js'

const LOOK_SECONDS = 1 // between two questions how far the server is, or what became of a list
const LOOKS_IN_VAIN_MAX = 4
const LOOKS_MAX = 120 // as long as a large list may need to be merged
const LINE_BYTES_MAX = 100_000 // the text of a rejected line is cut to a small part of it
const GZIP_MARK = [0x1f, 0x8b]
const PLAIN = 'text/plain'
const SUFFIXES: Readonly<Record<string, ListType>> = {
  csv: 'text/csv',
  tsv: 'text/csv',
  ndjson: 'application/x-ndjson',
  jsonl: 'application/x-ndjson',
}

export type ListType = 'text/plain' | 'text/csv' | 'application/x-ndjson'

/** How much of a list was sent. */
export interface Sent {
  /** On a page, which cannot tell, those that the server has read of the list, unpacked. */
  readonly bytes: number
  /** undefined for a stream. */
  readonly totalBytes: number | undefined
  /** That the server has read, as it was last asked. */
  readonly lines: number
}

export interface ImportOptions {
  /** Otherwise as a File's name says, and text, one name a line, where that says nothing. */
  readonly contentType?: ListType
  readonly query?: NonNullable<ImportDomainsData['query']>
  readonly onProgress?: (sent: Sent) => void
  /** Told when the receipt is lost, and what became of the list is looked for. */
  readonly onLost?: (fault: Interrupted) => void
  readonly signal?: AbortSignal
}

/** A receipt, as far as it tells which lines were rejected. */
export type Rejected = Pick<ImportReceipt, 'importId' | 'rejectedCount'>

type List = Blob | ReadableStream<Uint8Array>

interface Asked {
  readonly path: { campaignId: string }
  readonly signal?: AbortSignal
}

/** Send it once; where the receipt is lost, ask what became of the list. */
export async function bringIn(
  domains: generated.Domains,
  campaignId: string,
  list: List,
  options: ImportOptions,
): Promise<ImportReceipt> {
  const asked: Asked = { path: { campaignId }, ...(options.signal && { signal: options.signal }) }
  const earlier = new Set((await domains.listImports(asked)).items.map((each) => each.importId))
  const over = new AbortController()
  const sending = new Sending(options, list, anyOf(over.signal, options.signal))
  if (options.onProgress !== undefined) void sending.look(domains, asked)
  try {
    return await domains.importDomains({ ...asked, ...(await sending.request()) })
  } catch (error) {
    if (sending.failure !== undefined) throw sending.failure.cause
    if (!(error instanceof Interrupted)) throw error
    options.onLost?.(error)
  } finally {
    over.abort()
  }
  return receiptOf(await findOutcome(domains, asked, earlier))
}

/** By a File's name, behind `.gz`. */
export function typeOf(list: List): ListType {
  const name = 'name' in list && typeof list.name === 'string' ? list.name.toLowerCase() : ''
  const [, suffix = ''] = /\.([a-z]+)(?:\.gz)?$/.exec(name) ?? []
  return SUFFIXES[suffix] ?? PLAIN
}

const isGzip = (data: Uint8Array | undefined): boolean => GZIP_MARK.every((byte, at) => data?.[at] === byte)

/** What was sent so far, and what the server has read of it. */
class Sending {
  /** What the list itself could not be read for. */
  failure: { readonly cause: unknown } | undefined
  private bytes = 0
  private lines = 0

  constructor(
    private readonly options: ImportOptions,
    private readonly list: List,
    private readonly over: AbortSignal,
  ) {}

  async request() {
    const { contentType = typeOf(this.list), query } = this.options
    const { isPacked, ...body } = isPage() ? await this.whole() : await this.streamed()
    const headers = { 'Content-Type': contentType, 'Content-Encoding': isPacked ? 'gzip' : 'identity' } as const
    return { headers, ...(query && { query }), ...body }
  }

  /** Browsers send streams over HTTP/2 only, which this server does not speak: there, a stream is read whole first. */
  private async whole() {
    const body = this.list instanceof Blob ? this.list : await new Response(this.list).blob()
    const mark = new Uint8Array(await body.slice(0, GZIP_MARK.length).arrayBuffer())
    return { body, isPacked: isGzip(mark) }
  }

  private async streamed() {
    const reader = (this.list instanceof Blob ? this.list.stream() : this.list).getReader()
    this.over.addEventListener('abort', () => void reader.cancel().catch(() => undefined), { once: true })
    const first = await reader.read()
    const body = streamOf(this.counted(first.value, reader), () => undefined) as unknown as Blob
    return { body, isPacked: isGzip(first.value), duplex: 'half' }
  }

  private async *counted(
    first: Uint8Array | undefined,
    reader: ReadableStreamDefaultReader<Uint8Array>,
  ): AsyncGenerator<Uint8Array> {
    for (let part = first; part !== undefined; part = await this.next(reader)) {
      yield part
      this.bytes += part.byteLength
      this.tell()
    }
  }

  private async next(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array | undefined> {
    try {
      return (await reader.read()).value
    } catch (cause) {
      this.failure = { cause }
      throw cause
    }
  }

  /** Ask how far the server is, until it is over. Whatever goes wrong, whoever sends will hear of it. */
  async look(domains: generated.Domains, { path }: Asked): Promise<void> {
    try {
      for (;;) {
        await pause(LOOK_SECONDS, this.over)
        const [newest] = (await domains.listImports({ path, signal: this.over })).items
        if (newest?.state === 'running') this.tellRead(newest)
      }
    } catch {
      return
    }
  }

  private tellRead({ linesRead, bytesRead }: ImportProgress): void {
    this.lines = linesRead
    if (isPage()) this.bytes = bytesRead
    this.tell()
  }

  private tell(): void {
    const totalBytes = this.list instanceof Blob ? this.list.size : undefined
    this.options.onProgress?.({ bytes: this.bytes, totalBytes, lines: this.lines })
  }
}

/**
 * The import whose receipt was lost, once it is whole; Interrupted where nothing came of it.
 *
 * A server that was just sent a list may not have begun with it, so that one look is not enough to say so.
 */
async function findOutcome(
  domains: generated.Domains,
  asked: Asked,
  earlier: ReadonlySet<string>,
): Promise<ImportProgress> {
  let inVain = 0
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    const ours = (await domains.listImports(asked)).items.find((each) => !earlier.has(each.importId))
    if (ours?.state === 'completed') return ours
    inVain = ours === undefined ? inVain + 1 : 0
    if (inVain === LOOKS_IN_VAIN_MAX)
      throw new Interrupted('import_cut', 'The connection was lost before the list was whole: nothing of it is in.')
    await pause(LOOK_SECONDS, asked.signal)
  }
  throw new Lost('import_unknown', 'The receipt was lost, and the server is still at work on the list.')
}

/** As much of a receipt as the server remembers. */
function receiptOf({ importId, linesRead, accepted, duplicates, rejectedCount }: ImportProgress): ImportReceipt {
  const skipped = linesRead - accepted - duplicates - rejectedCount
  return { importId, linesRead, accepted, duplicates, rejectedCount, skipped, rejects: [], notes: {} }
}

/** All of them; Interrupted where fewer came than there are. */
export async function* rejectsOf(
  domains: generated.Domains,
  campaignId: string,
  { importId, rejectedCount }: Rejected,
  signal: AbortSignal | undefined,
): AsyncGenerator<RejectedLine, void, undefined> {
  const path = { campaignId, importId }
  const answer = await domains.streamRejects({ path, parseAs: 'stream', ...(signal && { signal }) })
  const lines = new Lines(false)
  let count = 0
  for await (const part of partsOf(answer as unknown as ReadableStream<Uint8Array>)) {
    for (const line of lines.cut(part)) {
      yield rejectedLine(line)
      count += 1
    }
    if (lines.heldBytes > LINE_BYTES_MAX) throw unreadable()
  }
  if (count !== rejectedCount)
    throw new Interrupted('rejects_cut', `The names are in, but only ${count} of the rejects came.`)
}

function rejectedLine(line: Uint8Array): RejectedLine {
  try {
    return JSON.parse(textOf(line)) as RejectedLine
  } catch {
    throw unreadable()
  }
}

function unreadable(): Unreadable {
  return new Unreadable('rejects_unreadable', 'What came are no rejected lines of a Phaseline server of this version.')
}
