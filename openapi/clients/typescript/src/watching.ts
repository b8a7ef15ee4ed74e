/** The news of campaigns from the websocket, kept up through restarts of the server and losses of the network. */
import { type Place, websocketUrl } from './calls.js'
import { NotFound, Refused, WaitedTooLong } from './errors.js'
import { type Absence, Away, Bearing, Follower, Pulse } from './following.js'
import { ADDRESS } from './generated/channel.gen.js'
import type { CampaignProgress } from './generated/messages/types.gen.js'
import type * as generated from './generated/sdk.gen.js'
import { type Jitter, passes, type Passing } from './repeating.js'
import { AT_ONCE } from './server.js'
import { Channel, isPage, notOpened, type SocketConstructor } from './sockets.js'
import { anyOf, now, pause } from './time.js'

export const AWAY_SECONDS_MAX = 600
const LOOK_SECONDS_MAX = 3_600 // without a deadline
const SNAPSHOT_SECONDS = 3 // after which campaigns that the snapshot left out are asked for
const SILENCE_SECONDS = 15 // after which a sign of life is asked for
const GLANCE_SECONDS = 0.01 // between two questions for what was left out

export interface WatchOptions {
  /** Told of each pause while the server is away. */
  readonly onAway?: (absence: Absence) => void
  readonly awaySecondsMax?: number
  /** After so many seconds it ends with WaitedTooLong. */
  readonly timeoutSeconds?: number
  /** Ends the watch with the signal's reason. */
  readonly signal?: AbortSignal
  /** How long after a connection began campaigns that its snapshot left out are asked for. */
  readonly snapshotSeconds?: number
  /** After so many seconds without news the server is asked for a sign of life, and given up after as many more. */
  readonly silenceSeconds?: number
}

/** What a watch stands on. */
export interface Ground {
  readonly place: Place
  readonly campaigns: generated.Campaigns
  readonly domains: generated.Domains
  readonly socket: SocketConstructor | undefined
  readonly connectSeconds: number
  readonly jitter: Jitter
}

/** First the present states, then every change. Ends when all that was wanted has been deleted, and was told so. */
export async function* watch(
  ground: Ground,
  wanted: ReadonlySet<string> | undefined,
  options: WatchOptions,
): AsyncGenerator<CampaignProgress, void, undefined> {
  const follower = new Follower(wanted)
  const bearing = new Bearing(options.awaySecondsMax ?? AWAY_SECONDS_MAX, ground.jitter)
  const left = deadline(options.timeoutSeconds)
  while (!follower.isOver) {
    try {
      for await (const state of news(ground, follower, bearing, left, options)) {
        bearing.end()
        yield state
      }
    } catch (error) {
      if (!(error instanceof Away)) throw error
      const absence = bearing.begin(error, now())
      options.onAway?.(absence)
      await pause(Math.min(absence.seconds, left()), options.signal)
    }
  }
}

/** Seconds until the deadline; WaitedTooLong behind it. */
function deadline(seconds: number | undefined): () => number {
  if (seconds === undefined) return () => LOOK_SECONDS_MAX
  const end = now() + seconds
  return () => {
    const left = end - now()
    if (left <= 0) throw new WaitedTooLong('waited_too_long', 'The time that was given is over.')
    return Math.min(left, LOOK_SECONDS_MAX)
  }
}

/** What comes over one connection. Away when it ends for a while. */
async function* news(
  ground: Ground,
  follower: Follower,
  bearing: Bearing,
  left: () => number,
  { signal, snapshotSeconds = SNAPSHOT_SECONDS, silenceSeconds = SILENCE_SECONDS }: WatchOptions,
): AsyncGenerator<CampaignProgress, void, undefined> {
  const pulse = new Pulse(silenceSeconds, now())
  const take = (text: unknown): CampaignProgress | undefined =>
    pulse.take(text, now()) ? follower.take(text) : undefined
  const channel = new Channel(constructorOf(ground), websocketUrl(ground.place, ADDRESS), ground.place.key, take)
  try {
    await opened(ground, channel, Math.min(ground.connectSeconds, left()), signal)
    follower.begin()
    channel.send(follower.subscription)
    bearing.connected(now())
    const snapshotAt = now() + snapshotSeconds
    while (!(follower.isOver && channel.isDrained)) {
      const untilSnapshot = follower.unheard.size ? Math.max(GLANCE_SECONDS, snapshotAt - now()) : LOOK_SECONDS_MAX
      const state = await channel.next(Math.min(untilSnapshot, pulse.left(now()), left()), signal)
      if (state !== undefined) yield state
      else if (pulse.isDue(now())) channel.send(pulse.ask(now()))
      else if (follower.unheard.size && now() >= snapshotAt) channel.offer(await lookFor(ground, follower))
    }
  } finally {
    channel.close()
  }
}

function constructorOf(ground: Ground): SocketConstructor {
  const found = ground.socket ?? (globalThis.WebSocket as unknown as SocketConstructor | undefined)
  if (found === undefined)
    throw new TypeError("There is no WebSocket here: hand one in as `WebSocket`, such as that of the package 'ws'.")
  return found
}

/** A handshake that fails tells nothing of why, so the same is asked over HTTP: what refuses one refuses the other. */
async function opened(ground: Ground, channel: Channel, seconds: number, signal?: AbortSignal): Promise<void> {
  const stop = new AbortController()
  const late = pause(seconds, anyOf(stop.signal, signal)).then(
    () => false,
    () => false,
  )
  const isOpen = await Promise.race([channel.opened, late])
  stop.abort()
  signal?.throwIfAborted()
  if (isOpen) return
  try {
    // A page's websocket cannot carry a key.
    const headers = isPage() ? { Authorization: null } : {}
    await ground.campaigns.listCampaigns({ query: { limit: 1 }, headers, meta: AT_ONCE, ...(signal && { signal }) })
  } catch (error) {
    throw passes(error) ? awayFor(error) : error
  }
  throw notOpened()
}

/** One campaign that was not heard of: told as deleted if it is gone. NotFound if it was never there. */
async function lookFor(ground: Ground, follower: Follower): Promise<CampaignProgress | undefined> {
  const [campaignId] = follower.unheard
  if (campaignId === undefined) return undefined
  follower.unheard.delete(campaignId)
  try {
    await ground.campaigns.getCampaign({ path: { campaignId } })
    return undefined
  } catch (error) {
    if (!(error instanceof NotFound)) throw passes(error) ? awayFor(error) : error
    const gone = follower.miss(campaignId)
    if (gone === undefined) throw error
    return gone
  }
}

function awayFor(fault: Passing): Away {
  return new Away(fault, fault instanceof Refused ? fault.retryAfterSeconds : 0)
}
