// Runs in a page of the server's own: takes one step after another as the test asks, and says what came of each.
import { type CreateCampaign, Phaseline, PhaselineError } from '../../src/index.js'

interface Step {
  readonly name: keyof typeof steps
  readonly argument: string
}

const ASK_SECONDS_MAX = 3 // longer than the server keeps such a question
const REST_MILLISECONDS = 200 // while the server is away
const url = location.origin
const client = new Phaseline({ url, jitter: () => 0 })
const LISTED: CreateCampaign = { name: 'listed', initialPhase: 'dns_validation', configuration: { network: 'sandbox' } }

const steps = {
  openSession: async (key: string) => new Phaseline({ url, key }).access.openSession(),
  closeSession: async () => client.access.closeSession(),
  readCookies: async () => document.cookie,
  createCampaign: async () => client.campaigns.createCampaign({ body: LISTED }),
  getCampaign: async (campaignId: string) => client.campaigns.getCampaign({ path: { campaignId } }),
  importBlob: async (campaignId: string) => importList(campaignId, new Blob([list()])),
  importStream: async (campaignId: string) => importList(campaignId, new Blob([list()]).stream()),
  exportDomains: async (campaignId: string) => {
    const file = await client.domains.export(campaignId)
    return new Response(file).text()
  },
  /** Goes on beside the steps that follow. */
  watch: async (seconds: string) => void watch(client, Number(seconds)),
  /** A page's websocket carries no key. */
  watchWithKey: async (key: string) => new Phaseline({ url, key }).watch('all').next(),
}

function list(): string {
  return Array.from({ length: 2_000 }, (_, at) => (at % 10 === 9 ? `no name ${at}\n` : `name${at}.com\n`)).join('')
}

async function importList(campaignId: string, names: Blob | ReadableStream<Uint8Array>): Promise<unknown> {
  const onProgress = (progress: unknown): void => void say({ progress })
  const receipt = await client.domains.bringIn(campaignId, names, { onProgress })
  const rejects = []
  for await (const each of client.domains.rejects(campaignId, receipt)) rejects.push(each)
  return { receipt, rejects: rejects.length }
}

async function watch(client: Phaseline, silenceSeconds: number): Promise<void> {
  try {
    const onAway = ({ fault }: { fault: PhaselineError }): void => void say({ away: fault.code })
    for await (const told of client.watch('all', { silenceSeconds, onAway })) await say({ told })
  } catch (error) {
    await say({ ended: reasonOf(error) })
  }
}

function reasonOf(error: unknown): readonly string[] {
  return error instanceof PhaselineError ? [error.name, error.code] : ['Error', String(error)]
}

/** Say it until it is heard. */
async function say(what: object): Promise<void> {
  for (;;) {
    try {
      const signal = AbortSignal.timeout(ASK_SECONDS_MAX * 1_000)
      if ((await fetch('/page/said', { method: 'POST', body: JSON.stringify(what), signal })).ok) return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, REST_MILLISECONDS))
    }
  }
}

/** What to do next. */
async function asked(): Promise<Step | undefined> {
  try {
    const answer = await fetch('/page/next', { signal: AbortSignal.timeout(ASK_SECONDS_MAX * 1_000) })
    return answer.status === 200 ? ((await answer.json()) as Step) : undefined
  } catch {
    await new Promise((resolve) => setTimeout(resolve, REST_MILLISECONDS))
    return undefined
  }
}

await say({ began: url })
for (;;) {
  const step = await asked()
  if (step === undefined) continue
  try {
    await say({ done: (await steps[step.name](step.argument)) ?? null })
  } catch (error) {
    await say({ refused: reasonOf(error) })
  }
}
