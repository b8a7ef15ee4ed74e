/** What a campaign holds, with what one request does not do. */
import type { ExportOptions } from './exporting.js'
import type { Client } from './generated/client/index.js'
import * as generated from './generated/sdk.gen.js'
import type { ImportReceipt, RejectedLine } from './generated/types.gen.js'
import type { ImportOptions, Rejected } from './importing.js'
import type { Ground } from './watching.js'

// Inherits, so that what is generated and what is written here are asked for at one place.
export class Domains extends generated.Domains {
  constructor(
    private readonly groundOf: () => Ground,
    client: Client,
  ) {
    super({ client })
  }

  /**
   * The domains that pass as the bytes of one whole file, however often the connection breaks.
   *
   * A break is gone on from behind the last whole row, as long as the campaign has still the version that it had when
   * the export began; Moved where it has another. Interrupted where it broke too often, or where a Parquet file broke
   * at all. The end of the file comes last: without it, it is not whole. `exportDomains` is one answer, and no more.
   */
  async export(campaignId: string, options: ExportOptions = {}): Promise<ReadableStream<Uint8Array>> {
    const { openExport } = await import('./exporting.js') // a page that has no use for it loads none of it
    return openExport(this.groundOf(), campaignId, options)
  }

  /**
   * Stream a list in, also as gzip, which is seen by itself; nothing is there before it is whole.
   *
   * It is sent once. Where its receipt is lost, the server is asked what became of it: a receipt without rejects and
   * notes, or Interrupted where nothing of it was brought in.
   */
  async bringIn(
    campaignId: string,
    list: Blob | ReadableStream<Uint8Array>,
    options: ImportOptions = {},
  ): Promise<ImportReceipt> {
    const { bringIn } = await import('./importing.js')
    return bringIn(this, campaignId, list, options)
  }

  /** Every line of an import that gave no name, in their order; Interrupted where the receipt tells of more. */
  async *rejects(
    campaignId: string,
    receipt: Rejected,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<RejectedLine, void, undefined> {
    const { rejectsOf } = await import('./importing.js')
    yield* rejectsOf(this, campaignId, receipt, signal)
  }
}
