import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Away, Bearing, Follower, Pulse } from '../src/following.js'
import { ChannelRefused, Lost, Unreadable, type CampaignProgress } from '../src/index.js'
import { growingPauses, Patience, REPEATING } from '../src/repeating.js'

const IDS = ['a', 'b', 'c']
const states = fc.record({ campaignId: fc.constantFrom(...IDS), sequence: fc.nat(20), deleted: fc.boolean() })

function message(parts: Partial<CampaignProgress>): string {
  return JSON.stringify({ type: 'campaign.progress', phaseStatus: 'running', ratePerSecond: 3, ...parts })
}

test('a campaign never goes back, and after its deletion nothing is told of it', () => {
  fc.assert(
    fc.property(fc.array(states), (sent) => {
      const follower = new Follower(undefined)
      const told = sent.map((each) => follower.take(message(each))).filter((each) => each !== undefined)
      for (const id of IDS) {
        const mine = told.filter((each) => each.campaignId === id)
        mine.slice(1).forEach((each, number) => {
          assert.ok(each.sequence > mine[number]!.sequence)
          assert.ok(!mine[number]!.deleted)
        })
        const first = sent.find((each) => each.campaignId === id)
        assert.equal(mine[0]?.sequence, first?.sequence)
      }
    }),
  )
})

test('what a snapshot leaves out is told as deleted, once, and ends the watch', () => {
  const follower = new Follower(new Set(IDS))
  IDS.forEach((campaignId) => follower.take(message({ campaignId, sequence: 4 })))
  follower.begin()
  follower.take(message({ campaignId: 'a', sequence: 4 }))
  assert.deepEqual([...follower.unheard], ['b', 'c'])
  assert.equal(follower.miss('b')?.sequence, 5)
  assert.equal(follower.miss('b'), undefined)
  assert.equal(follower.take(message({ campaignId: 'b', sequence: 9, deleted: true })), undefined)
  assert.equal(follower.subscription, '{"subscribe":["campaign.progress"],"campaignIds":["a","c"]}')
  ;['a', 'c'].forEach((id) => follower.miss(id))
  assert.ok(follower.isOver)
})

test('fields, words and messages of a later server do no harm', () => {
  const follower = new Follower(undefined)
  const later = { campaignId: 'a', sequence: 1, phaseStatus: 'suspended', ofLaterOn: [1] }
  assert.deepEqual(follower.take(JSON.stringify({ type: 'campaign.progress', ...later })), {
    type: 'campaign.progress',
    ...later,
  })
  assert.equal(follower.take('{"type":"campaign.cost","cents":3}'), undefined)
})

test('whatever else comes is no message', () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string(), fc.uint8Array()), (noise) => {
      assert.throws(() => new Follower(undefined).take(noise), Unreadable)
    }),
  )
  for (const wrong of ['{"type":"campaign.progress"}', '{"type":"campaign.progress","campaignId":"a","sequence":"1"}'])
    assert.throws(() => new Follower(undefined).take(wrong), Unreadable)
  const refusal = '{"type":"error","code":"subscription_invalid","message":"No."}'
  assert.throws(() => new Follower(undefined).take(refusal), ChannelRefused)
})

test('a silent connection is asked for a sign of life, and given up where none comes', () => {
  const refusal = '{"type":"error","code":"subscription_invalid","message":"No."}'
  const pulse = new Pulse(15, 0)
  assert.deepEqual([pulse.left(10), pulse.isDue(14), pulse.isDue(15)], [5, false, true])
  assert.throws(() => JSON.parse(pulse.ask(15)).subscribe[0])
  assert.deepEqual([pulse.left(16), pulse.take(refusal, 16)], [14, false])
  assert.deepEqual([pulse.left(16), pulse.isDue(31)], [15, true])
  pulse.ask(31)
  assert.ok(pulse.take(message({ campaignId: 'a', sequence: 1 }), 32), 'news are a sign as well')
  assert.deepEqual([pulse.take(refusal, 33), pulse.take(refusal, 33)], [false, true])
  pulse.ask(50)
  assert.ok(!pulse.isDue(64))
  assert.throws(() => pulse.isDue(65), Away)
})

test('an absence is borne as long as was said, and no longer where a server never was', () => {
  const away = new Away(new Lost('server_lost', 'Gone.'))
  const bearing = new Bearing(600, () => 0.5)
  assert.equal(bearing.begin(away, 0).seconds, 0.5)
  assert.throws(() => bearing.begin(away, 9.5), Lost)
  bearing.connected(10)
  assert.equal(bearing.begin(away, 20).seconds, 0.5)
  assert.equal(bearing.begin(away, 21).seconds, 1)
  assert.throws(() => bearing.begin(away, 620), Lost)
})

test('a restart under five thousand watchers is no stampede', () => {
  const stops = new Away(new Lost('server_lost', 'It stops.'), 0, 5)
  const returns = Array.from({ length: 5_000 }, (_, turn) => {
    return new Bearing(60, () => (turn + 0.5) / 5_000).begin(stops, 0).seconds
  })
  const busiest = Math.max(...returns.map((at) => returns.filter((other) => other >= at && other < at + 0.25).length))
  assert.ok(busiest <= 500, `${busiest} come in a quarter of a second`)
  assert.ok(Math.max(...returns) <= 6)
})

test('pauses grow up to a bound, and a server that asks for patience gets it', () => {
  const pauses = growingPauses(1, 4, () => 0.5)
  assert.deepEqual([1, 2, 3, 4].map(() => pauses.next().value), [1, 2, 4, 4])
  const busy = (retryAfterSeconds: number) => ({ status: 503, data: new Uint8Array(), retryAfterSeconds })
  assert.equal(new Patience(REPEATING, () => 0).nextPause(busy(3), 0), 3)
  assert.equal(new Patience(REPEATING, () => 0).nextPause(busy(21), 0), undefined)
  assert.equal(new Patience(REPEATING, () => 0).nextPause({ status: 404, data: new Uint8Array() }, 0), undefined)
  const unheard = new Patience(REPEATING, () => 0)
  assert.deepEqual(
    [1, 2, 3, 4].map(() => unheard.nextPause({ reached: false }, 0) !== undefined),
    [true, true, true, false],
  )
})
