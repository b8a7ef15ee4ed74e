/**
 * What one watch has seen of its campaigns, and how long it bears that the server is away. Pure.
 *
 * A state is handed on if its `sequence` is greater than that of the one before, so that a campaign never goes back, not
 * even where a new connection begins with its snapshot. A snapshot does not tell of what was deleted long ago: campaigns
 * that it leaves out are `unheard`, and have to be asked for.
 */
import { ChannelRefused, Lost, type PhaselineError, Unreadable } from './errors.js'
import { CHANNEL, type ClientMessage, SERVER_MESSAGE_TYPES, type ServerMessage } from './generated/channel.gen.js'
import type { CampaignProgress } from './generated/messages/types.gen.js'
import { growingPauses, type Jitter } from './repeating.js'

const PAUSE_SECONDS_MIN = 0.5
const PAUSE_SECONDS_MAX = 15
const NEVER_THERE_SECONDS_MAX = 10 // a server that was never there is not waited for any longer
const STABLE_SECONDS = 5 // a connection that lasted so long was one
const SIGN_WANTED = '{}'
const NOT_READ = 'subscription_invalid'

/**
 * The server is gone for a while; `fault` is how it would be told to the caller in the end.
 *
 * All who were watching come back within `spreadSeconds`, each at a moment of its own.
 */
export class Away extends Error {
  constructor(
    readonly fault: PhaselineError,
    readonly retryAfterSeconds = 0,
    readonly spreadSeconds = 0,
  ) {
    super(fault.message)
  }
}

/** The server is away; it is asked again after so many seconds. `fault` says why. */
export interface Absence {
  readonly seconds: number
  readonly fault: PhaselineError
}

/** The newest state of each campaign that was handed on. `wanted`: undefined for all of the tenant's. */
export class Follower {
  unheard = new Set<string>()
  private readonly newest = new Map<string, CampaignProgress>()
  private readonly deleted = new Set<string>()

  constructor(private readonly wanted: ReadonlySet<string> | undefined) {}

  /** Whether nothing can come any more: all that was wanted has been deleted. */
  get isOver(): boolean {
    return this.wanted !== undefined && this.missing(this.wanted).length === 0
  }

  /** What is sent to begin with. */
  get subscription(): string {
    const campaignIds = this.wanted === undefined ? 'all' : this.missing(this.wanted).sort()
    const message: ClientMessage = { subscribe: [CHANNEL], campaignIds }
    return JSON.stringify(message)
  }

  /** A connection begins: its snapshot should tell of everything that is there. */
  begin(): void {
    this.unheard = new Set(this.missing(this.wanted ?? this.newest.keys()))
  }

  /** What is new in a message; undefined if nothing is. */
  take(message: unknown): CampaignProgress | undefined {
    const told = readMessage(message)
    if (told?.type === 'error') throw new ChannelRefused(told.code, told.message)
    return told === undefined ? undefined : this.accept(told)
  }

  /** It is known to be gone: its last state, as deleted; undefined where none was ever seen. */
  miss(campaignId: string): CampaignProgress | undefined {
    const last = this.newest.get(campaignId)
    return last && this.accept({ ...last, deleted: true, sequence: last.sequence + 1, ratePerSecond: 0 })
  }

  private missing(ids: Iterable<string>): string[] {
    return Array.from(ids).filter((id) => !this.deleted.has(id))
  }

  private accept(state: CampaignProgress): CampaignProgress | undefined {
    this.unheard.delete(state.campaignId)
    const before = this.newest.get(state.campaignId)
    if (before !== undefined && (before.deleted || before.sequence >= state.sequence)) return undefined
    this.newest.set(state.campaignId, state)
    if (state.deleted) this.deleted.add(state.campaignId)
    return state
  }
}

/** A message; undefined where a later server tells of something that this client does not know. */
function readMessage(message: unknown): ServerMessage | undefined {
  const read = parsed(message) as Partial<Record<string, unknown>> | null | undefined
  const type = read?.['type']
  if (typeof type !== 'string') throw unreadable()
  if (!SERVER_MESSAGE_TYPES.has(type)) return undefined
  if (type === CHANNEL && !(typeof read?.['campaignId'] === 'string' && Number.isFinite(read['sequence'])))
    throw unreadable()
  return read as ServerMessage
}

function parsed(message: unknown): unknown {
  if (typeof message !== 'string') throw unreadable()
  try {
    return JSON.parse(message)
  } catch {
    throw unreadable()
  }
}

function unreadable(): Unreadable {
  return new Unreadable('message_unreadable', 'The server sent a message that cannot be read.')
}

/**
 * Whether a connection on which nothing comes still lives.
 *
 * A server that is gone without a goodbye, and whatever freezes on the way, look like campaigns that do not move; pings
 * are not shown to scripts. So something is sent that no server can read: that it says so is a sign of life, and it is
 * the same for all servers, costs no snapshot, and leaves the subscription as it is.
 */
export class Pulse {
  private heardAt: number
  private askedAt: number | undefined
  private unanswered = 0

  constructor(
    private readonly silenceSeconds: number,
    now: number,
  ) {
    this.heardAt = now
  }

  /** Seconds until something is due. */
  left(now: number): number {
    return Math.max(0, (this.askedAt ?? this.heardAt) + this.silenceSeconds - now)
  }

  /** Whether a question is due now. Away where the last one was not answered in time. */
  isDue(now: number): boolean {
    if (this.left(now) > 0) return false
    if (this.askedAt !== undefined) throw new Away(new Lost('server_silent', 'The server gives no sign of life.'))
    return true
  }

  ask(now: number): string {
    this.askedAt = now
    this.unanswered += 1
    return SIGN_WANTED
  }

  /** Something came; false where it is the answer to such a question, and nothing more. */
  take(message: unknown, now: number): boolean {
    this.heardAt = now
    this.askedAt = undefined
    if (this.unanswered === 0 || !isRefusal(message)) return true
    this.unanswered -= 1
    return false
  }
}

function isRefusal(message: unknown): boolean {
  const told = readMessage(message)
  return told?.type === 'error' && told.code === NOT_READ
}

/** The pauses between connections, growing until one lasts; the bound of an absence. */
export class Bearing {
  private secondsMax: number
  private connectedAt: number | undefined
  private awaySince: number | undefined
  private pauses: Iterator<number, never>

  constructor(
    private readonly secondsMaxLater: number,
    private readonly jitter: Jitter,
  ) {
    this.secondsMax = Math.min(secondsMaxLater, NEVER_THERE_SECONDS_MAX)
    this.pauses = growingPauses(PAUSE_SECONDS_MIN, PAUSE_SECONDS_MAX, jitter)
  }

  connected(now: number): void {
    this.connectedAt = now
    this.secondsMax = this.secondsMaxLater
  }

  /** The server is there: something came. */
  end(): void {
    this.awaySince = undefined
    this.pauses = growingPauses(PAUSE_SECONDS_MIN, PAUSE_SECONDS_MAX, this.jitter)
  }

  /** How long to wait now; what went wrong is thrown where it has gone on for too long. */
  begin(away: Away, now: number): Absence {
    if (this.connectedAt !== undefined && now - this.connectedAt >= STABLE_SECONDS) this.end()
    this.connectedAt = undefined
    this.awaySince ??= now
    const seconds = Math.max(this.pauses.next().value, away.retryAfterSeconds) + away.spreadSeconds * this.jitter()
    if (now + seconds - this.awaySince > this.secondsMax) throw away.fault
    return { seconds, fault: away.fault }
  }
}
