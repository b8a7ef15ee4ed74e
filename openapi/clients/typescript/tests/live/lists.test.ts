import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type Campaign, Conflict, type CreateCampaign, type ImportReceipt, NotFound, type Sent } from '../../src/index.js'
import { here } from './here.js'

const LINES = 6_000
const BATCH = 1_000
const client = here()

/** Every tenth line is no name. */
const lines = Array.from({ length: LINES }, (_, at) => (at % 10 === 9 ? `no name ${at}` : `name${at}.com`))
const list = lines.map((line) => `${line}\n`).join('')
const rejected = LINES / 10

async function created(initialPhase: CreateCampaign['initialPhase'] = 'dns_validation'): Promise<Campaign> {
  const body = { name: 'a list', initialPhase, configuration: { network: 'sandbox' } } as const
  return client.campaigns.createCampaign({ body })
}

function inParts(text: string, beforeTheEnd = async (): Promise<void> => undefined): ReadableStream<Uint8Array> {
  const lines = text.split(/(?<=\n)/)
  return new ReadableStream({
    async pull(controller) {
      if (lines.length) return controller.enqueue(new TextEncoder().encode(lines.splice(0, BATCH).join('')))
      await beforeTheEnd()
      controller.close()
    },
  })
}

/** A list of which nothing more comes after some lines. */
function halting(): { list: ReadableStream<Uint8Array>; isLetGo: Promise<void> } {
  let letGo = (): void => undefined
  const isLetGo = new Promise<void>((resolve) => (letGo = resolve))
  const start = (controller: ReadableStreamDefaultController<Uint8Array>): void =>
    controller.enqueue(new TextEncoder().encode(list))
  return { list: new ReadableStream({ start, pull: () => new Promise(() => undefined), cancel: () => letGo() }), isLetGo }
}

/** What a server says to the list that follows one broken off: it refuses others until it has seen the connection end. */
async function broughtInNext(id: string, next: Blob): Promise<ImportReceipt> {
  for (;;) {
    try {
      return await client.domains.bringIn(id, next)
    } catch (error) {
      if (!(error instanceof Conflict && error.code === 'import_running')) throw error
      await setTimeout(20)
    }
  }
}

test('a list goes in from a Blob, a File, a stream, and as gzip, and its rejects come out', async () => {
  const bytes = new TextEncoder().encode(list)
  const sources = [
    [new Blob([bytes]), bytes.byteLength, {}],
    [new File([bytes], 'names.txt'), bytes.byteLength, {}],
    [inParts(list), undefined, {}],
    [new Blob([gzipSync(bytes)]), gzipSync(bytes).byteLength, {}],
    [new File([`domain\n${list}`], 'Names.CSV'), bytes.byteLength + 'domain\n'.length, { query: { column: 'domain' } }],
    [inParts(`domain\n${list}`), undefined, { contentType: 'text/csv', query: { column: 'domain' } }],
  ] as const
  for (const [source, totalBytes, options] of sources) {
    const { id } = await created()
    const told: Sent[] = []
    const onProgress = (each: Sent): unknown => told.push(each)
    const receipt = await client.domains.bringIn(id, source, { ...options, onProgress })
    assert.deepEqual([receipt.accepted, receipt.rejectedCount], [LINES - rejected, rejected])
    assert.ok(told.every((each, at) => at === 0 || each.bytes >= told[at - 1]!.bytes))
    assert.deepEqual(new Set(told.map((each) => each.totalBytes)), new Set([totalBytes]))
    if (totalBytes !== undefined) assert.equal(told.at(-1)?.bytes, totalBytes)
    const rejects = []
    for await (const each of client.domains.rejects(id, receipt)) rejects.push(each)
    assert.deepEqual(rejects.slice(0, receipt.rejects.length), receipt.rejects)
    assert.deepEqual(rejects.map(({ text }) => text), lines.filter((line) => line.startsWith('no name')))
  }
})

test('how far the server is, is told while a list is sent', async () => {
  const { id } = await created()
  const told: Sent[] = []
  let goOn = (): void => undefined
  const read = new Promise<void>((resolve) => (goOn = resolve))
  const onProgress = (each: Sent): void => {
    told.push(each)
    if (each.lines > 0) goOn()
  }
  const receipt = await client.domains.bringIn(id, inParts(list.repeat(5), () => read), { onProgress })
  assert.ok(told.some(({ lines }) => lines > 0 && lines <= receipt.linesRead))
})

test('a list that is refused, or cannot be read, or is no longer wanted, leaves nothing, and is let go', async () => {
  const { id: generating } = await created('domain_generation')
  const refused = halting()
  await assert.rejects(client.domains.bringIn(generating, refused.list), Conflict)
  await refused.isLetGo
  const broken = new Error('the disk is gone')
  const unreadable = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(broken) })
  await assert.rejects(client.domains.bringIn((await created()).id, unreadable), broken)
  const { id: halfRead } = await created()
  const later = inParts(list, () => Promise.reject(broken))
  await assert.rejects(client.domains.bringIn(halfRead, later), broken)
  const { id: halfSent } = await created()
  const unwanted = halting()
  const aborting = new AbortController()
  const reason = new Error('enough')
  const onProgress = (): void => aborting.abort(reason)
  await assert.rejects(client.domains.bringIn(halfSent, unwanted.list, { signal: aborting.signal, onProgress }), reason)
  await unwanted.isLetGo
  for (const id of [halfRead, halfSent]) assert.equal((await broughtInNext(id, new Blob(['a.com\n']))).accepted, 1)
})

test('an export is refused at once, is told of, and ends when its reader has enough', async () => {
  const { id } = await created()
  await client.domains.bringIn(id, new Blob([list.repeat(2)]))
  await assert.rejects(client.domains.export('01a20a38-1028-75e6-9ad2-0d5b1cddaef2'), NotFound)
  const told: number[] = []
  const file = await client.domains.export(id, { onProgress: ({ rows }) => told.push(rows ?? NaN) })
  const text = await new Response(file).text()
  assert.equal(text, await (await client.domains.exportDomains({ path: { campaignId: id } })).text())
  assert.equal(told.at(-1), LINES - rejected)
  const cancelled = (await client.domains.export(id)).getReader()
  assert.ok((await cancelled.read()).value)
  await cancelled.cancel()
  const aborting = new AbortController()
  const aborted = (await client.domains.export(id, { signal: aborting.signal })).getReader()
  const reason = new Error('enough')
  aborting.abort(reason)
  await assert.rejects(async () => {
    for (;;) if ((await aborted.read()).done) return
  }, reason)
})
