/**
 * Keeps the websocket up while somebody is signed in.
 *
 *   connecting -> live <-> away,  any -> refused
 */
import { type Absence, ChannelRefused, NetworkFault, Unauthenticated } from 'phaseline-client'
import { Store } from '../app/store'
import { client, sockets } from '../session/client'
import { leave } from '../session/session'
import { forget, take } from './progress'

export type Connection =
  | { readonly kind: 'connecting' | 'live' }
  /** Asked again at `retryAt`, in milliseconds since 1970. */
  | { readonly kind: 'away'; readonly retryAt: number; readonly sentence: string }
  | { readonly kind: 'refused'; readonly sentence: string }

const PAUSE_SECONDS = 15 // where the client has given up waiting
const KEY_OR_SESSION_ENDED = 'closed_1008'

export const connection = new Store<Connection>({ kind: 'connecting' })
let stop: AbortController | undefined

sockets.subscribe(() => {
  if (sockets.get().isOpen) connection.set({ kind: 'live' })
})
addEventListener('online', reconnect)
addEventListener('offline', renew) // whether that concerns us, a new connection finds out at once

/** Connect, and stay connected until `disconnect`. */
export function connect(): void {
  if (stop !== undefined) return
  stop = new AbortController()
  void follow(stop.signal)
}

export function disconnect(): void {
  stop?.abort()
  stop = undefined
  connection.set({ kind: 'connecting' })
  forget()
}

/** Do not wait any longer. */
export function reconnect(): void {
  if (connection.get().kind !== 'live') renew()
}

function renew(): void {
  if (stop === undefined) return
  stop.abort()
  stop = new AbortController()
  connection.set({ kind: 'connecting' })
  void follow(stop.signal)
}

async function follow(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const state of client.watch('all', { signal, awaySecondsMax: Infinity, onAway })) take(state)
    } catch (error) {
      if (signal.aborted) return
      if (!(await isWorthWaiting(error, signal))) return
    }
  }
}

function onAway({ seconds, fault }: Absence): void {
  connection.set({ kind: 'away', retryAt: Date.now() + seconds * 1000, sentence: fault.message })
}

/** Wait, and come back; false where it would be refused again. */
async function isWorthWaiting(error: unknown, signal: AbortSignal): Promise<boolean> {
  if (error instanceof Unauthenticated || (error instanceof ChannelRefused && error.code === KEY_OR_SESSION_ENDED)) {
    leave('Your session has ended. Sign in again with a key.')
    return false
  }
  const sentence = error instanceof Error ? error.message : String(error)
  if (!(error instanceof NetworkFault)) {
    connection.set({ kind: 'refused', sentence })
    return false
  }
  connection.set({ kind: 'away', retryAt: Date.now() + PAUSE_SECONDS * 1000, sentence })
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, PAUSE_SECONDS * 1000)
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
  })
  return !signal.aborted
}
