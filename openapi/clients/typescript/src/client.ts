/** The client: one server, asked with one key, or with the session of the page that it runs in. */
import { Campaigns } from './campaigns.js'
import { checkedPlace } from './calls.js'
import { Domains } from './domains.js'
import type { CampaignProgress } from './generated/messages/types.gen.js'
import { Access, Operations, Workers } from './generated/sdk.gen.js'
import { type Jitter, type Repeating, REPEATING } from './repeating.js'
import { Server, type Timeouts, TIMEOUTS } from './server.js'
import type { SocketConstructor } from './sockets.js'
import { type Ground, watch, type WatchOptions } from './watching.js'

export interface PhaselineOptions {
  readonly url: string
  /** Without one, a page is let in by its session. */
  readonly key?: string | undefined
  /** Instead of the global one, which Node 20 does not have: that of the package `ws` will do. */
  readonly WebSocket?: SocketConstructor
  readonly fetch?: typeof globalThis.fetch
  readonly timeouts?: Partial<Timeouts>
  readonly repeating?: Partial<Repeating>
  /** Gives 0 to 1. */
  readonly jitter?: Jitter
}

/**
 * A Phaseline server: `campaigns`, `domains`, `access`, `workers`, `operations`, and `watch`.
 *
 * Nothing is sent before the first call. What is read, and every command, is asked again while the server is away or
 * busy for a moment; a command carries an Idempotency-Key, so that it is done once.
 */
export class Phaseline {
  readonly campaigns: Campaigns
  readonly domains: Domains
  readonly access: Access
  readonly workers: Workers
  readonly operations: Operations
  private readonly ground: Ground

  /** TypeError where the URL or the key cannot be one. */
  constructor(options: PhaselineOptions) {
    const place = checkedPlace(options.url, options.key)
    const timeouts = { ...TIMEOUTS, ...options.timeouts }
    const repeating = { ...REPEATING, ...options.repeating }
    const jitter = options.jitter ?? Math.random
    const { client } = new Server({ place, fetch: options.fetch, timeouts, repeating, jitter })
    this.campaigns = new Campaigns(() => this.ground, client)
    this.domains = new Domains(() => this.ground, client)
    this.access = new Access({ client })
    this.workers = new Workers({ client })
    this.operations = new Operations({ client })
    const { campaigns, domains } = this
    this.ground = { place, campaigns, domains, socket: options.WebSocket, connectSeconds: timeouts.connect, jitter }
  }

  /**
   * First the present state of each campaign, then its changes, through restarts of the server.
   *
   * A campaign never goes back, its last state always comes, and that it was deleted is told once, by `deleted`; the
   * watch ends when all of `campaignIds` have been. Who reads slowly gets the newest state of each campaign. While the
   * server is away it is asked again, with growing pauses of which `onAway` is told, for `awaySecondsMax` at most.
   */
  watch(
    campaignIds: Iterable<string> | 'all',
    options: WatchOptions = {},
  ): AsyncGenerator<CampaignProgress, void, undefined> {
    return watch(this.ground, campaignIds === 'all' ? undefined : new Set(campaignIds), options)
  }
}
