/** What is sent and what comes back, as values, and how their parts are written. Pure. */

const RETRY_AFTER = /^\d{1,9}$/
const KEY = /^[!-~]+$/

/** Where a server is, and the key it is asked with; without one, a page's session is what it is asked with. */
export interface Place {
  readonly url: string
  readonly key: string | undefined
}

/** An answer that was read to its end. `retryAfterSeconds` is undefined where the server told nothing. */
export interface Answer {
  readonly status: number
  readonly data: Uint8Array
  readonly retryAfterSeconds?: number | undefined
}

/** There is no answer. `reached`: the server may have had the request. */
export interface NoAnswer {
  readonly reached: boolean
}

export type Outcome = Answer | NoAnswer

export function isAnswer(outcome: Outcome): outcome is Answer {
  return 'status' in outcome
}

/** TypeError where one of them cannot be one. */
export function checkedPlace(url: string, key: string | undefined): Place {
  const parts = parsed(url)
  const isUsable = parts !== undefined && ['http:', 'https:'].includes(parts.protocol) && !parts.username
  if (!isUsable || parts.search || parts.hash)
    throw new TypeError(`${JSON.stringify(url)} is not a server's address; one looks like http://127.0.0.1:8000.`)
  if (key !== undefined && !KEY.test(key))
    throw new TypeError('This is not a key: it is empty, or has characters that no key has.')
  return { url: url.replace(/\/+$/, ''), key }
}

function parsed(url: string): URL | undefined {
  try {
    return new URL(url)
  } catch {
    return undefined
  }
}

export function websocketUrl(place: Place, address: string): string {
  return `ws${place.url.slice('http'.length)}${address}`
}

/** A Retry-After header in seconds; undefined where there is none, or a date. */
export function secondsOf(retryAfter: string | null): number | undefined {
  const text = (retryAfter ?? '').trim()
  return RETRY_AFTER.test(text) ? Number(text) : undefined
}
