/**
 * Whatever goes wrong, as one of a few kinds; each has a `code`, stable for programs, and a sentence for people.
 *
 * PhaselineError
 * ├── Refused         the server says no, with a problem document (RFC 9457): `problem`, `status`
 * │   ├── Invalid  Unauthenticated  Forbidden  NotFound  Conflict  PreconditionFailed
 * │   └── Throttled  Unavailable  Failed          these may pass; `retryAfterSeconds`, where the server told it
 * ├── NetworkFault    there is no answer
 * │   ├── Unreachable     nobody heard the request
 * │   ├── Lost            it may have been heard, and done
 * │   └── Interrupted     an answer or a list had begun, and was cut off
 * ├── ChannelRefused  the websocket was ended for good: its key has ended, or what was asked for cannot be read
 * ├── Unreadable      what answers is no server of this version
 * ├── Moved           the campaign is not any more what an export began with
 * └── WaitedTooLong   the campaign is not where it was waited for
 */
import type { Problem } from './generated/types.gen.js'
import type { Answer } from './calls.js'

/** The code of a refusal that came without a problem: from a proxy, most likely. */
export const NO_REASON = 'no_reason'

/** The base of all. */
export class PhaselineError extends Error {
  override name = 'PhaselineError'

  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message)
  }
}

/** The server's answer is no. `problem` is its document, whole. */
export class Refused extends PhaselineError {
  override name = 'Refused'
  readonly status: number

  constructor(
    readonly problem: Problem,
    readonly retryAfterSeconds?: number,
  ) {
    super(problem.code, problem.detail)
    this.status = problem.status
  }
}

/** The request cannot be read, or makes no sense. */
export class Invalid extends Refused {
  override name = 'Invalid'
}

/** There is no key or session, or it is nobody's. */
export class Unauthenticated extends Refused {
  override name = 'Unauthenticated'
}

/** The key may not do this. */
export class Forbidden extends Refused {
  override name = 'Forbidden'
}

/** There is no such thing, or it is another tenant's. */
export class NotFound extends Refused {
  override name = 'NotFound'
}

/** The state of things forbids this now. */
export class Conflict extends Refused {
  override name = 'Conflict'
}

/** It has changed since the version that was named. */
export class PreconditionFailed extends Refused {
  override name = 'PreconditionFailed'
}

/** Too many requests are under way. */
export class Throttled extends Refused {
  override name = 'Throttled'
}

/** Something that the server needs is busy or away, or the server itself is. */
export class Unavailable extends Refused {
  override name = 'Unavailable'
}

/** Something went wrong within the server. */
export class Failed extends Refused {
  override name = 'Failed'
}

/** There is no answer. */
export class NetworkFault extends PhaselineError {
  override name = 'NetworkFault'
}

/** Nobody heard the request, so that nothing was done. */
export class Unreachable extends NetworkFault {
  override name = 'Unreachable'
}

/** The connection was lost, and asking again did not help or was not safe: it may have been done. */
export class Lost extends NetworkFault {
  override name = 'Lost'
}

/** A transfer had begun and was cut off. */
export class Interrupted extends NetworkFault {
  override name = 'Interrupted'
}

/** The websocket was ended, and would be again. `code` is the server's, or `closed_1008` and the like. */
export class ChannelRefused extends PhaselineError {
  override name = 'ChannelRefused'
}

/** What answers there is no Phaseline server, or one that this client does not understand. */
export class Unreadable extends PhaselineError {
  override name = 'Unreadable'
}

/** The connection broke, and the campaign has moved on meanwhile: rows of two runs make no file. */
export class Moved extends PhaselineError {
  override name = 'Moved'
}

/** The time that was given is over. */
export class WaitedTooLong extends PhaselineError {
  override name = 'WaitedTooLong'
}

type Kind = new (problem: Problem, retryAfterSeconds?: number) => Refused

const KINDS: ReadonlyMap<number, Kind> = new Map<number, Kind>([
  [401, Unauthenticated],
  [403, Forbidden],
  [404, NotFound],
  [409, Conflict],
  [412, PreconditionFailed],
  [429, Throttled],
  [502, Unavailable],
  [503, Unavailable],
  [504, Unavailable],
])

/** What an answer of 400 or more says. */
export function refusalOf(answer: Answer): Refused {
  const kind = KINDS.get(answer.status) ?? (answer.status >= 500 ? Failed : Invalid)
  return new kind(problemOf(answer), answer.retryAfterSeconds)
}

/** The document; where none came, one that says so. */
function problemOf({ status, data }: Answer): Problem {
  const read = readProblem(data)
  if (read !== undefined) return { ...read, status }
  const detail = `The server refused this with status ${status} and gave no reason.`
  return { title: 'Refused', status, code: NO_REASON, detail }
}

/** A problem document, with whatever else it holds; undefined where it is none. */
export function readProblem(data: Uint8Array): Problem | undefined {
  let read: unknown
  try {
    read = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data))
  } catch {
    return undefined
  }
  return isProblem(read) ? read : undefined
}

function isProblem(read: unknown): read is Problem {
  if (typeof read !== 'object' || read === null) return false
  const { title, status, code, detail } = read as Partial<Record<keyof Problem, unknown>>
  return [title, code, detail].every((each) => typeof each === 'string') && typeof status === 'number'
}
