/**
 * A campaign's domains as a file, whole or told to be cut.
 *
 * A break is gone on from behind the last whole row, a bounded number of times, as long as the campaign is what it was:
 * rows of two different runs make no file.
 */
import { Interrupted, Moved } from './errors.js'
import type * as generated from './generated/sdk.gen.js'
import type { ExportDomainsData } from './generated/types.gen.js'
import { growingPauses, type Jitter, passes } from './repeating.js'
import { partsOf, streamOf } from './streams.js'
import { NOWHERE, type Table, tableOf } from './tables.js'
import { anyOf, pause } from './time.js'

const RESUMES_MAX = 20 // of one export
const RESUMES_IN_VAIN_MAX = 4 // in a row, without a row
const PAUSE_SECONDS_MIN = 0.5
const PAUSE_SECONDS_MAX = 15

export interface ExportProgress {
  /** Handed on so far. */
  readonly bytes: number
  /** undefined for Parquet, whose rows stand in its footer. */
  readonly rows: number | undefined
  /** How often a break was gone on from. */
  readonly resumed: number
}

export interface ExportOptions {
  /** The format, and which domains. */
  readonly query?: NonNullable<ExportDomainsData['query']>
  /** The campaign's, with which a file was begun that is gone on with here; otherwise its present one. */
  readonly version?: number
  /** Told of each part as it is handed on. */
  readonly onProgress?: (progress: ExportProgress) => void
  readonly signal?: AbortSignal
}

/** What an export is asked of. */
export interface Source {
  readonly campaigns: generated.Campaigns
  readonly domains: generated.Domains
  readonly jitter: Jitter
}

/** One export: of which campaign, and of which version. */
interface Job {
  readonly source: Source
  readonly path: { campaignId: string }
  readonly version: number
  readonly table: Table
  readonly options: ExportOptions
  readonly signal: AbortSignal
}

/** The file's bytes, from one answer or several. What refuses the first one is thrown here. */
export async function openExport(
  source: Source,
  campaignId: string,
  options: ExportOptions,
): Promise<ReadableStream<Uint8Array>> {
  const stop = new AbortController()
  const signal = anyOf(stop.signal, options.signal)
  const path = { campaignId }
  const version = options.version ?? (await source.campaigns.getCampaign({ path, signal })).version
  const { format = 'csv', after = NOWHERE } = options.query ?? {}
  const job = { source, path, version, table: tableOf(format, after), options, signal }
  const parts = file(job, await opened(job))
  return streamOf(parts, (reason) => stop.abort(reason))
}

/** One answer, which goes on behind what is there. */
async function opened({ source, path, table, options, signal }: Job): Promise<ReadableStream<Uint8Array>> {
  const query = { ...options.query, after: table.lastPosition }
  const answer = await source.domains.exportDomains({ path, query, parseAs: 'stream', signal })
  return answer as unknown as ReadableStream<Uint8Array>
}

async function* file(job: Job, first: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const resumes = new Resumes(job.table, job.source.jitter)
  const meter = new Meter(job, resumes)
  for (let answer: ReadableStream<Uint8Array> | undefined = first; ; answer = undefined) {
    try {
      if (answer === undefined) await checkUnchanged(job)
      yield* rowsOf(job.table, answer ?? (await opened(job)), meter)
      const end = job.table.finish()
      if (resumes.count > 0) await checkUnchanged(job)
      if (end.byteLength > 0) yield meter.passed(end)
      return
    } catch (error) {
      if (!passes(error)) throw error
      await pause(resumes.nextPause(), job.signal)
    }
  }
}

async function* rowsOf(table: Table, answer: ReadableStream<Uint8Array>, meter: Meter): AsyncGenerator<Uint8Array> {
  table.begin()
  for await (const part of partsOf(answer)) {
    const rows = table.feed(part)
    if (rows.byteLength > 0) yield meter.passed(rows)
  }
}

/** Moved where somebody moved the campaign meanwhile: what is read now may be of another run. */
async function checkUnchanged({ source, path, version, signal }: Job): Promise<void> {
  if ((await source.campaigns.getCampaign({ path, signal })).version !== version)
    throw new Moved(
      'campaign_changed',
      'The connection broke, and the campaign has moved on meanwhile: begin the export anew.',
    )
}

/** Tells the caller how far it is. */
class Meter {
  private bytes = 0

  constructor(
    private readonly job: Job,
    private readonly resumes: Resumes,
  ) {}

  passed(data: Uint8Array): Uint8Array {
    const { table, options } = this.job
    this.bytes += data.byteLength
    const rows = table.isResumable ? table.rows : undefined
    options.onProgress?.({ bytes: this.bytes, rows, resumed: this.resumes.count })
    return data
  }
}

/** How often an export was gone on with; its bounds. */
class Resumes {
  count = 0
  private rows = 0
  private inVain = 0
  private pauses: Iterator<number, never>

  constructor(
    private readonly table: Table,
    private readonly jitter: Jitter,
  ) {
    this.pauses = growingPauses(PAUSE_SECONDS_MIN, PAUSE_SECONDS_MAX, jitter)
  }

  /** Seconds before the next attempt; Interrupted where there is none. */
  nextPause(): number {
    const { rows, isResumable } = this.table
    if (!isResumable)
      throw new Interrupted('export_cut', 'The export was cut off, and a Parquet file has to be begun anew.')
    if (rows > this.rows) {
      this.pauses = growingPauses(PAUSE_SECONDS_MIN, PAUSE_SECONDS_MAX, this.jitter)
      this.inVain = 0
    }
    this.rows = rows
    this.inVain += 1
    if (this.count === RESUMES_MAX || this.inVain > RESUMES_IN_VAIN_MAX)
      throw new Interrupted('export_cut', `The export was cut ${this.count + 1} times, last at row ${rows}.`)
    this.count += 1
    return this.pauses.next().value
  }
}
