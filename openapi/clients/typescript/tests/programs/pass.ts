// Takes values through the client's own reading and writing: for each line of JSON on the way in, one on the way out.
import { createInterface } from 'node:readline'
import { ChannelRefused, isKnown, Phaseline, Refused } from '../../src/index.js'
import * as words from '../../src/index.js'
import { Follower } from '../../src/following.js'

interface Line {
  readonly way: keyof typeof ways
  /** An operation, as in `campaigns.getCampaign`; a list of words, for `know`. */
  readonly name: string
  readonly text: string
}

type Call = (options: object) => Promise<unknown>

const path = { campaignId: 'a', importId: 'b', keyId: 'c', phase: 'analysis' }
let answer = { text: '', status: 200 }
let sent = ''

const client = new Phaseline({
  url: 'http://127.0.0.1',
  repeating: { attemptsMax: 1 },
  fetch: async (_, init) => {
    if (init?.body) sent = new TextDecoder().decode(init.body as ArrayBuffer)
    return new Response(answer.text, { status: answer.status })
  },
})

function call(name: string, options: object): Promise<unknown> {
  const [group, method] = name.split('.') as [keyof Phaseline, string]
  const operations = client[group] as unknown as Record<string, Call>
  return operations[method]!({ path, ...options })
}

const ways = {
  /** An answer, as its caller gets it. */
  read: async (name: string, text: string) => {
    answer = { text, status: 200 }
    return call(name, name === 'domains.importDomains' ? { body: 'a.com\n' } : {})
  },
  /** A body, as it is sent. */
  write: async (name: string, text: string) => {
    answer = { text: '{}', status: 200 }
    await call(name, { body: JSON.parse(text) })
    return JSON.parse(sent)
  },
  /** A problem, as the error that is thrown tells it. */
  refuse: async (name: string, text: string) => {
    answer = { text, status: JSON.parse(text).status }
    return call(name, {}).catch((error: unknown) => {
      if (error instanceof Refused) return error.problem
      throw error
    })
  },
  /** A line that gave no name. */
  reject: async (_: string, text: string) => {
    answer = { text: `${text}\n`, status: 200 }
    const rejects = []
    for await (const each of client.domains.rejects('a', { importId: 'b', rejectedCount: 1 })) rejects.push(each)
    return rejects[0]
  },
  /** A message from the websocket. */
  hear: async (_: string, text: string) => {
    try {
      return new Follower(undefined).take(text)
    } catch (error) {
      if (error instanceof ChannelRefused) return { type: 'error', code: error.code, message: error.message }
      throw error
    }
  },
  /** What is sent over it. */
  subscribe: async (_: string, text: string) => {
    const { campaignIds } = JSON.parse(text) as { campaignIds: string[] | 'all' }
    return JSON.parse(new Follower(campaignIds === 'all' ? undefined : new Set(campaignIds)).subscription)
  },
  /** Whether a word is one of a list. */
  know: async (name: string, text: string) => isKnown(words[name as 'PhaseStatus'], text),
}

for await (const text of createInterface({ input: process.stdin })) {
  const line = JSON.parse(text) as Line
  const passed = await ways[line.way](line.name, line.text).catch((error: unknown) => String(error))
  console.log(JSON.stringify(passed))
}
