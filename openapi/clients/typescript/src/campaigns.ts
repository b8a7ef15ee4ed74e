/** Campaigns, with what one request does not do. */
import type { Client } from './generated/client/index.js'
import type { CampaignProgress } from './generated/messages/types.gen.js'
import * as generated from './generated/sdk.gen.js'
import type { Campaign } from './generated/types.gen.js'
import { AWAY_SECONDS_MAX, type Ground, watch, type WatchOptions } from './watching.js'

const ENDED: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled'])

export interface WaitOptions {
  /** What is waited for: an end of the current phase, if nothing else is said. */
  readonly until?: (progress: CampaignProgress) => boolean
  readonly timeoutSeconds?: number
  readonly signal?: AbortSignal
}

/** Whether nothing more happens by itself: a phase that starts the next one is never seen as completed. */
export const hasEnded = (progress: CampaignProgress): boolean => ENDED.has(progress.phaseStatus)

// Inherits, so that what is generated and what is written here are asked for at one place.
export class Campaigns extends generated.Campaigns {
  constructor(
    private readonly groundOf: () => Ground,
    client: Client,
  ) {
    super({ client })
  }

  /**
   * Watch the campaign until its state is the one that is waited for; the campaign as it is then.
   *
   * WaitedTooLong when `timeoutSeconds` are over; NotFound if it is deleted meanwhile. A server that is away is waited
   * for as well.
   */
  async wait(campaignId: string, { until = hasEnded, ...options }: WaitOptions = {}): Promise<Campaign> {
    const awaySecondsMax = options.timeoutSeconds === undefined ? AWAY_SECONDS_MAX : Infinity
    for await (const progress of watch(this.groundOf(), new Set([campaignId]), { awaySecondsMax, ...options })) {
      if (progress.deleted || until(progress)) break
    }
    return this.getCampaign({ path: { campaignId } })
  }
}
