/** A websocket, as far as a watch needs one: the newest state of each campaign waits until it is asked for. */
import { ChannelRefused, Lost, type PhaselineError, Unreachable, Unreadable } from './errors.js'
import { Away } from './following.js'
import type { CampaignProgress } from './generated/messages/types.gen.js'

const POLICY_VIOLATION = 1008
const NORMAL = 1000
// The other side, or we, could not read what came: it would come again.
const RETURN_SECONDS = 5 // over which those who were sent away together come back
const SENDS_ALL_AWAY = new Set([1001, 1012]) // the server stops, or starts again
const NOT_UNDERSTOOD: ReadonlySet<number> = new Set([1002, 1003, 1007, 1009, 1010])
const MESSAGE_BYTES_MAX = 1_000_000

export interface SocketOptions {
  readonly headers: Record<string, string>
  readonly maxPayload: number
}

/** What the browsers' WebSocket, Node's, and that of the package `ws` have in common. */
export interface SocketLike {
  send(text: string): void
  close(code?: number): void
  onopen: unknown
  onmessage: unknown
  onclose: unknown
  onerror: unknown
}

export type SocketConstructor = new (url: string, options?: SocketOptions) => SocketLike

/** One connection. `take` reads each message as it comes. */
export class Channel {
  readonly opened: Promise<boolean>
  private readonly socket: SocketLike
  private readonly waiting = new Map<string, CampaignProgress>()
  private end: Away | PhaselineError | undefined
  private notify: () => void = () => undefined

  constructor(
    constructor: SocketConstructor,
    url: string,
    key: string | undefined,
    take: (message: unknown) => CampaignProgress | undefined,
  ) {
    // A browser's websocket carries the session's cookie, and cannot carry a key.
    const options = key === undefined || isPage() ? [] : [optionsOf(key)]
    this.socket = new constructor(url, ...options)
    this.opened = new Promise((resolve) => {
      this.socket.onopen = () => resolve(true)
      this.socket.onerror = () => undefined // `close` follows, and says more
      this.socket.onclose = ({ code, reason }: { code: number; reason: string }) => {
        resolve(false)
        this.finish(toldByClosure(code, reason))
      }
    })
    this.socket.onmessage = ({ data }: { data: unknown }) => {
      if (this.end !== undefined) return
      try {
        this.offer(take(data))
      } catch (error) {
        this.finish(error as PhaselineError)
      }
    }
  }

  get isDrained(): boolean {
    return this.waiting.size === 0
  }

  send(text: string): void {
    if (this.end === undefined) this.socket.send(text)
  }

  /** Let a state wait in place of the one before. */
  offer(state: CampaignProgress | undefined): void {
    if (state === undefined) return
    this.waiting.set(state.campaignId, state)
    this.notify()
  }

  /** What comes next; undefined where nothing came in time. The end of the connection is thrown after all that came. */
  async next(seconds: number, signal: AbortSignal | undefined): Promise<CampaignProgress | undefined> {
    signal?.throwIfAborted()
    if (this.isDrained && this.end === undefined) await this.something(seconds, signal)
    signal?.throwIfAborted()
    for (const [id, state] of this.waiting) {
      this.waiting.delete(id)
      return state
    }
    if (this.end !== undefined) throw this.end
    return undefined
  }

  close(): void {
    this.finish(new Lost('closed', 'This side ended the connection.'))
    this.socket.close(NORMAL)
  }

  private something(seconds: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        this.notify = () => undefined
        resolve()
      }
      const timer = setTimeout(done, seconds * 1000)
      signal?.addEventListener('abort', done, { once: true })
      this.notify = done
    })
  }

  private finish(end: Away | PhaselineError): void {
    this.end ??= end
    this.notify()
  }
}

function optionsOf(key: string): SocketOptions {
  return { headers: { Authorization: `Bearer ${key}` }, maxPayload: MESSAGE_BYTES_MAX }
}

export function isPage(): boolean {
  return 'document' in globalThis || 'WorkerGlobalScope' in globalThis
}

function toldByClosure(code: number, reason: string): Away | PhaselineError {
  const sentence = `The server ended the connection (${code}${reason ? `: ${reason}` : ''}).`
  if (code === POLICY_VIOLATION) return new ChannelRefused(`closed_${code}`, sentence)
  if (NOT_UNDERSTOOD.has(code)) return new Unreadable(`closed_${code}`, sentence)
  return new Away(new Lost('server_lost', sentence), 0, SENDS_ALL_AWAY.has(code) ? RETURN_SECONDS : 0)
}

export function notOpened(): Away {
  return new Away(new Unreachable('server_away', 'The websocket does not open.'))
}
