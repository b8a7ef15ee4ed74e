/**
 * When asking once more may help, and when to do it. Pure.
 *
 * A command carries the same Idempotency-Key each time, so that it is done once, however often its answer was lost.
 */
import { isAnswer, type Outcome } from './calls.js'
import { NetworkFault, readProblem, Refused } from './errors.js'

export const PAUSE_SECONDS_MIN = 0.25
export const PAUSE_SECONDS_MAX = 4
const CONFLICT = 409
const TOO_MANY = 429
const BUSY: ReadonlySet<number> = new Set([TOO_MANY, 502, 503, 504])
const IN_PROGRESS = 'idempotency_in_progress' // the same command, asked before, is not done yet

/** How often a request is sent in all, and how late. */
export interface Repeating {
  readonly attemptsMax: number
  /** No attempt begins later after the first. */
  readonly secondsMax: number
  /** A server that wants more patience is told to the caller instead. */
  readonly retryAfterSecondsMax: number
  /** Attempts as long as nobody listens; 1 says at once that there is no server, more wait for one that starts. */
  readonly unheardMax: number
}

export const REPEATING: Repeating = { attemptsMax: 6, secondsMax: 60, retryAfterSecondsMax: 20, unheardMax: 4 }
export const ONCE: Repeating = { ...REPEATING, attemptsMax: 1, unheardMax: 1 }

/** Gives 0 to 1. */
export type Jitter = () => number

/** The attempts of one request. */
export class Patience {
  reached = false
  private attempts = 0
  private readonly pauses: Iterator<number, never>

  constructor(
    private readonly repeating: Repeating,
    jitter: Jitter,
  ) {
    this.pauses = growingPauses(PAUSE_SECONDS_MIN, PAUSE_SECONDS_MAX, jitter)
  }

  /** How many seconds to wait before the next attempt; undefined where this outcome is the last. */
  nextPause(outcome: Outcome, elapsedSeconds: number): number | undefined {
    this.attempts += 1
    this.reached ||= isAnswer(outcome) || outcome.reached
    const askedFor = wantedPause(outcome)
    const most = this.reached ? this.repeating.attemptsMax : this.repeating.unheardMax
    if (askedFor === undefined || askedFor > this.repeating.retryAfterSecondsMax || this.attempts >= most)
      return undefined
    const pause = Math.max(askedFor, this.pauses.next().value)
    return elapsedSeconds + pause > this.repeating.secondsMax ? undefined : pause
  }
}

/** At least how many seconds the server asks for; undefined where another attempt would end as this one. */
function wantedPause(outcome: Outcome): number | undefined {
  if (!isAnswer(outcome)) return 0
  const { status, data, retryAfterSeconds } = outcome
  const passes = BUSY.has(status) || (status === CONFLICT && readProblem(data)?.code === IN_PROGRESS)
  return passes ? (retryAfterSeconds ?? 0) : undefined
}

/** What may be over soon. */
export type Passing = NetworkFault | Refused

export function passes(error: unknown): error is Passing {
  if (error instanceof NetworkFault) return true
  return error instanceof Refused && (error.status >= 500 || error.status === TOO_MANY)
}

/** Seconds, doubled each time up to a bound, and spread so that not all clients return at once. */
export function* growingPauses(least: number, most: number, jitter: Jitter): Generator<number, never> {
  for (let pause = least; ; pause = Math.min(most, pause * 2)) yield pause * (0.5 + jitter())
}
