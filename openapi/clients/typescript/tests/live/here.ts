/** The server that a test was started with. */
import { WebSocket } from 'ws'
import { Phaseline, type PhaselineOptions } from '../../src/index.js'

export const URL = process.env['PHASELINE_URL'] ?? ''
const KEY = process.env['PHASELINE_KEY']

export function here(options: Partial<PhaselineOptions> = {}): Phaseline {
  const socket = 'WebSocket' in globalThis ? {} : { WebSocket } // as later versions of Node have one
  return new Phaseline({ url: URL, key: KEY, jitter: () => 0, ...socket, ...options })
}
