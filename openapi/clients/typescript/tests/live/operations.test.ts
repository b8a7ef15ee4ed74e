import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:net'
import { test } from 'node:test'
import * as phaseline from '../../src/index.js'
import { type CreateCampaign, isKnown, PhaseStatus } from '../../src/index.js'
import { here } from './here.js'

const LISTED: CreateCampaign = { name: 'listed', initialPhase: 'dns_validation', configuration: { network: 'sandbox' } }
const GENERATING: CreateCampaign = {
  name: 'generating',
  initialPhase: 'domain_generation',
  configuration: {
    network: 'sandbox',
    domainGeneration: {
      pattern: 'prefix',
      constant: 'shop',
      characterSet: 'abc',
      variableLength: 3,
      tlds: ['com'],
      count: 20,
    },
  },
}
const client = here()

test('a campaign is created, read, listed, moved, and deleted', async () => {
  const made = await client.campaigns.createCampaign({ body: GENERATING })
  const path = { campaignId: made.id }
  assert.deepEqual(await client.campaigns.getCampaign({ path }), made)
  const page = await client.campaigns.listCampaigns({ query: { currentPhase: 'domain_generation', limit: 100 } })
  assert.ok(page.items.some((each) => each.id === made.id))
  const started = await client.campaigns.transitionCampaign({ path, body: { targetPhase: 'domain_generation' } })
  assert.equal(started.phaseStatus, PhaseStatus.RUNNING)
  assert.equal((await client.campaigns.pauseCampaign({ path, body: { reason: 'wait' } })).phaseStatus, 'paused')
  assert.equal((await client.campaigns.resumeCampaign({ path })).phaseStatus, 'running')
  assert.equal((await client.campaigns.getPhases({ path })).phases.length, 4)
  await client.campaigns.deleteCampaign({ path })
  await assert.rejects(client.campaigns.getCampaign({ path }), phaseline.NotFound)
})

test('a key of the caller is the one that is sent', async () => {
  const headers = { 'Idempotency-Key': randomUUID() }
  const [first, second] = [
    await client.campaigns.createCampaign({ body: LISTED, headers }),
    await client.campaigns.createCampaign({ body: LISTED, headers }),
  ]
  assert.deepEqual(second, first)
})

test('lists go in and come out', async () => {
  const made = await client.campaigns.createCampaign({ body: LISTED })
  const path = { campaignId: made.id }
  const receipt = await client.domains.importDomains({
    path,
    body: new Blob(['domain\na.com\nb.com\nno name\n']),
    query: { column: 'domain' },
    headers: { 'Content-Type': 'text/csv' },
  })
  assert.deepEqual([receipt.accepted, receipt.rejectedCount], [2, 1])
  const rejects = await client.domains.streamRejects({ path: { ...path, importId: receipt.importId } })
  assert.match(await rejects.text(), /no name/)
  assert.match(await (await client.domains.exportDomains({ path })).text(), /# complete rows=2/)
  const parts = await client.domains.exportDomains({ path, query: { format: 'ndjson' }, parseAs: 'stream' })
  assert.match(await new Response(parts as unknown as ReadableStream).text(), /"complete":true,"rows":2/)
  const found = await client.domains.listDomains({ path, query: { dnsOutcome: ['resolved', 'absent'] } })
  assert.deepEqual(found.items, [])
})

test('errors are of their kinds, and carry the problem', async () => {
  const made = await client.campaigns.createCampaign({ body: LISTED })
  const path = { campaignId: made.id }
  await assert.rejects(client.campaigns.pauseCampaign({ path }), (error) => {
    assert.ok(error instanceof phaseline.Conflict && error instanceof phaseline.PhaselineError)
    assert.deepEqual(error.problem.availableTransitions, ['dns_validation'])
    assert.deepEqual([error.status, error.message, error.code], [409, error.problem.detail, error.problem.code])
    return true
  })
  const stale = client.campaigns.updateCampaign({ path, body: { name: 'other' }, headers: { 'If-Match': '"99"' } })
  await assert.rejects(stale, phaseline.PreconditionFailed)
  await assert.rejects(client.campaigns.createCampaign({ body: { ...LISTED, name: '' } }), (error) => {
    return error instanceof phaseline.Invalid && error.problem.pointer === '/name'
  })
  const nobody = here({ key: 'phl_nobodys' })
  await assert.rejects(nobody.campaigns.listCampaigns(), phaseline.Unauthenticated)
  await assert.rejects(nobody.watch('all').next(), phaseline.Unauthenticated)
  const reader = await client.access.makeKey({ body: { name: 'reader', scopes: ['read'] } })
  await assert.rejects(
    here({ key: reader.secret }).campaigns.createCampaign({ body: LISTED }),
    phaseline.Forbidden,
  )
})

test('what is no server, or no key, is said at once', () => {
  for (const url of ['', 'ftp://a', 'http://', 'http://user:word@a', 'http://a?b'])
    assert.throws(() => here({ url }), TypeError)
  for (const key of ['', 'phl_\n', 'phl_ä']) assert.throws(() => here({ key }), TypeError)
})

test('where nobody listens, and where somebody else does', async () => {
  const url = await closedPort()
  const options = { url, repeating: { unheardMax: 2 } }
  await assert.rejects(here(options).campaigns.listCampaigns(), phaseline.Unreachable)
  const answers = (...given: Response[]) => here({ fetch: async () => given.shift() ?? Response.error() })
  const json = (text: string, status = 200, headers = {}) => new Response(text, { status, headers })
  for (const wrong of ['', '<html>', '{"items":'])
    await assert.rejects(answers(json(wrong)).campaigns.listCampaigns(), phaseline.Unreadable)
  await assert.rejects(answers(json('', 302)).campaigns.listCampaigns(), phaseline.Unreadable)
  await assert.rejects(answers(json('<html>', 404)).campaigns.listCampaigns(), (error) => {
    return error instanceof phaseline.NotFound && error.code === phaseline.NO_REASON
  })
  const busy = answers(json('', 503, { 'Retry-After': '0' }), json('{"items":[],"nextCursor":null}'))
  assert.deepEqual((await busy.campaigns.listCampaigns()).items, [])
  const patient = answers(json('', 503, { 'Retry-After': '3600' }))
  await assert.rejects(patient.campaigns.listCampaigns(), (error) => {
    return error instanceof phaseline.Unavailable && error.retryAfterSeconds === 3600
  })
})

test('who waits gets the campaign when it has ended, or is told that it has not', async () => {
  const made = await client.campaigns.createCampaign({ body: GENERATING })
  const path = { campaignId: made.id }
  await client.campaigns.transitionCampaign({ path, body: { targetPhase: 'domain_generation' } })
  await assert.rejects(client.campaigns.wait(made.id, { timeoutSeconds: 0.5 }), phaseline.WaitedTooLong)
  const waiting = client.campaigns.wait(made.id, { timeoutSeconds: 30 })
  await client.campaigns.cancelCampaign({ path })
  const ended = await waiting
  assert.equal(ended.phaseStatus, 'cancelled')
  assert.ok(isKnown(PhaseStatus, ended.phaseStatus) && !isKnown(PhaseStatus, 'suspended'))
  await assert.rejects(client.campaigns.wait(randomUUID(), { timeoutSeconds: 30 }), phaseline.NotFound)
})

test('a signal ends a watch and a request', async () => {
  const reason = new Error('enough')
  const news = client.watch('all', { signal: AbortSignal.abort(reason) })
  await assert.rejects(news.next(), reason)
  const aborted = client.campaigns.listCampaigns({ signal: AbortSignal.abort(reason) })
  await assert.rejects(aborted)
})

/** A port that nobody listens at. */
async function closedPort(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}`
}
