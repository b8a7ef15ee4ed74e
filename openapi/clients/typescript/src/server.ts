/** One server, asked over HTTP: what is sent again, and how its answers are read. */
import { type Answer, isAnswer, type NoAnswer, type Outcome, type Place, secondsOf } from './calls.js'
import { Interrupted, Lost, type NetworkFault, PhaselineError, refusalOf, Unreachable, Unreadable } from './errors.js'
import { type Client, createClient, createConfig, type ResolvedRequestOptions } from './generated/client/index.js'
import { KEYED, READING, STREAMED } from './generated/operations.gen.js'
import { joined } from './lines.js'
import { type Jitter, ONCE, Patience, type Repeating } from './repeating.js'
import { now, pause } from './time.js'

const ANSWER_BYTES_MAX = 100_000_000 // of what is held in memory; a page of the longest rows is far below
const KEY_HEADER = 'Idempotency-Key'
const NO_CONTENT = 204
const BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD'])
const JSON_KIND = /^application\/(json|problem\+json)\b/
// Of Node; a browser does not tell, and then the request may have been heard.
const UNHEARD: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** In seconds: for a whole answer; without a part of a file; for the receipt of a list; to open a websocket. */
export interface Timeouts {
  readonly answer: number
  readonly silence: number
  readonly receipt: number
  readonly connect: number
}

export const TIMEOUTS: Timeouts = { answer: 30, silence: 120, receipt: 3_600, connect: 5 }

export interface ServerOptions {
  readonly place: Place
  readonly fetch: typeof globalThis.fetch | undefined
  readonly timeouts: Timeouts
  readonly repeating: Repeating
  readonly jitter: Jitter
}

/** What is known of a request besides itself. */
interface Manner {
  readonly isRepeatable: boolean
  readonly isStreamed: boolean
  readonly repeating: Repeating
}

/** Asks one server. `client` is what the generated operations send their requests with. */
export class Server {
  readonly client: Client
  private readonly manners = new WeakMap<Request, Manner>()

  constructor(private readonly options: ServerOptions) {
    const { place } = options
    this.client = createClient(
      createConfig({
        baseUrl: place.url,
        headers: place.key === undefined ? {} : { Authorization: `Bearer ${place.key}` },
        credentials: 'same-origin', // a page that opens a session with its key has to keep the cookie
        fetch: (request) => this.ask(request as Request),
        throwOnError: true,
      }),
    )
    this.client.interceptors.request.use((request, asked) => this.prepared(request, asked))
    this.client.interceptors.error.use((error) => (error instanceof SyntaxError ? notJson() : error))
  }

  /** Note how a request is sent; give a command its key. */
  private prepared(request: Request, asked: ResolvedRequestOptions): Request {
    const name = `${request.method} ${asked.url}`
    const isStreamed = STREAMED.has(name)
    if (isStreamed && asked.parseAs === 'auto') asked.parseAs = 'blob'
    if (KEYED.has(name) && !request.headers.has(KEY_HEADER)) request.headers.set(KEY_HEADER, newKey())
    const isRepeatable = READING.has(name) || KEYED.has(name)
    const repeating = 'meta' in asked && asked.meta === AT_ONCE ? ONCE : this.options.repeating
    this.manners.set(request, { isRepeatable, isStreamed, repeating })
    return request
  }

  /** The answer. Asked again, as the same command, while the server is away or busy for a moment. */
  private async ask(request: Request): Promise<Response> {
    const manner = this.manners.get(request)
    if (manner === undefined) throw new Error('a request of ours is prepared first')
    const type = request.headers.get('Content-Type')
    if (type !== null && !JSON_KIND.test(type)) return this.send(request)
    const body = await bodyOf(request)
    const patience = new Patience(manner.repeating, this.options.jitter)
    const began = now()
    for (;;) {
      const outcome = await this.attempt(request, body, manner)
      if (outcome instanceof Response) return outcome
      const seconds = patience.nextPause(outcome, now() - began)
      const isSafe = manner.isRepeatable || !patience.reached
      if (seconds === undefined || !isSafe) return this.responseOf(outcome, patience.reached)
      await pause(seconds, request.signal)
    }
  }

  private async attempt(request: Request, body: ArrayBuffer | null, manner: Manner): Promise<Outcome | Response> {
    const { timeouts } = this.options
    const limit = new Limit(manner.isStreamed ? timeouts.silence : timeouts.answer, request.signal)
    const { method, headers, credentials } = request
    try {
      const { fetch = globalThis.fetch } = this.options
      const init: RequestInit = { method, headers, body, credentials, redirect: 'manual', signal: limit.signal }
      const response = await fetch(request.url, init)
      if (manner.isStreamed && response.ok) return streamed(response, limit)
      return await wholeAnswer(response, limit)
    } catch (error) {
      return limit.noAnswer(error)
    }
  }

  /** Send a list as it is, once; Interrupted where the answer never came. */
  private async send(request: Request): Promise<Response> {
    const limit = new Limit(this.options.timeouts.receipt, request.signal)
    let outcome: Outcome
    try {
      const { fetch = globalThis.fetch } = this.options
      outcome = await wholeAnswer(await fetch(request, { redirect: 'manual', signal: limit.signal }), limit)
    } catch (error) {
      outcome = limit.noAnswer(error)
    }
    if (!isAnswer(outcome) && outcome.reached)
      throw new Interrupted('transfer_cut', `The connection to ${this.options.place.url} was lost.`)
    return this.responseOf(outcome, false)
  }

  /** What was answered at last; otherwise the refusal, or the loss, is thrown. */
  private responseOf(outcome: Outcome, reached: boolean): Response {
    if (!isAnswer(outcome)) throw this.loss(reached)
    const { status, data } = outcome
    if (status >= 400) throw refusalOf(outcome)
    if (status < 200 || status >= 300)
      throw new Unreadable('answer_redirected', `${this.options.place.url} answers that it is elsewhere.`)
    if (status === NO_CONTENT) return new Response(null, { status })
    if (data.byteLength === 0) throw notJson()
    return new Response(data as BodyInit, { status, headers: { 'Content-Type': 'application/json' } })
  }

  private loss(reached: boolean): NetworkFault {
    const { url } = this.options.place
    if (reached) return new Lost('server_lost', `The connection to ${url} was lost before it answered.`)
    return new Unreachable('server_away', `No server answers at ${url}.`)
  }
}

/** Firefox does not tell whether there is one. */
async function bodyOf(request: Request): Promise<ArrayBuffer | null> {
  const body = BODILESS.has(request.method) ? undefined : await request.arrayBuffer()
  return body?.byteLength ? body : null
}

/** Asked for in `meta`, a request is sent once. */
export const AT_ONCE: Record<string, unknown> = { attempts: 1 }

/** How long something may take, and who else may end it. */
class Limit {
  readonly signal: AbortSignal
  private readonly controller = new AbortController()
  private timer: ReturnType<typeof setTimeout>

  constructor(
    private readonly seconds: number,
    private readonly callers: AbortSignal,
  ) {
    this.signal = AbortSignal.any([callers, this.controller.signal])
    this.timer = this.started()
  }

  /** It goes on: the time begins anew. */
  renew(): void {
    clearTimeout(this.timer)
    this.timer = this.started()
  }

  end(): void {
    clearTimeout(this.timer)
  }

  /** What a failure says of the request; thrown on, where the caller is who ended it, or where it is no network's. */
  noAnswer(error: unknown): NoAnswer {
    this.end()
    if (this.callers.aborted || error instanceof PhaselineError) throw error
    return { reached: !UNHEARD.has(codeOf(error)) }
  }

  private started(): ReturnType<typeof setTimeout> {
    return setTimeout(() => this.controller.abort(), this.seconds * 1000)
  }
}

function codeOf(error: unknown): unknown {
  const { cause } = error as { cause?: { code?: unknown; errors?: readonly { code?: unknown }[] } }
  return cause?.code ?? cause?.errors?.[0]?.code
}

async function wholeAnswer(response: Response, limit: Limit): Promise<Answer> {
  const parts: Uint8Array[] = []
  let size = 0
  for (const reader = response.body?.getReader(); reader !== undefined; ) {
    const { done, value } = await reader.read()
    if (done) break
    parts.push(value)
    size += value.byteLength
    if (size > ANSWER_BYTES_MAX) {
      void reader.cancel().catch(() => undefined)
      throw new Unreadable('answer_too_large', `An answer has more than ${ANSWER_BYTES_MAX} bytes.`)
    }
  }
  limit.end()
  return { status: response.status, data: joined(...parts), retryAfterSeconds: secondsOf(response.headers.get('Retry-After')) }
}

/** The same, and Interrupted where it breaks off or falls silent. */
function streamed(response: Response, limit: Limit): Response {
  const { status, headers, body } = response
  const reader = body?.getReader()
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    limit.renew()
    try {
      const part = await reader?.read()
      if (part?.value === undefined) controller.close()
      else controller.enqueue(part.value)
    } catch (error) {
      limit.noAnswer(error)
      throw new Interrupted('transfer_cut', 'The connection broke off.')
    } finally {
      limit.end() // time that the caller takes is not counted
    }
  }
  const parts = new ReadableStream<Uint8Array>({ pull, cancel: (reason) => reader?.cancel(reason) })
  return new Response(parts, { status, headers })
}

function notJson(): Unreadable {
  return new Unreadable('answer_unreadable', 'What answers there is no Phaseline server of this version.')
}

/** An Idempotency-Key, the same in each attempt of one command. */
function newKey(): string {
  // Pages that are not served securely have no `randomUUID`.
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
