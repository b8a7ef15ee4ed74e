/** How fast campaigns went while this page was open: one sample a second, of the last ones that moved. */
import type { CampaignProgress } from 'phaseline-client'

const SAMPLES_MAX = 900 // a quarter of an hour
const CAMPAIGNS_MAX = 100

/** Seconds since 1970, and domains a second. */
export interface Rates {
  readonly at: number[]
  readonly perSecond: number[]
}

const histories = new Map<string, Rates>()

export function record({ campaignId, occurredAt, phaseStatus, ratePerSecond }: CampaignProgress): void {
  const at = Math.floor(Date.parse(occurredAt) / 1000)
  const rates = histories.get(campaignId) ?? { at: [], perSecond: [] }
  const isRunning = phaseStatus === 'running'
  if (!isRunning && rates.at.length === 0) return
  histories.delete(campaignId) // and to the end: the first one is the one that stood longest
  histories.set(campaignId, rates)
  add(rates, at, isRunning ? ratePerSecond : 0)
  if (histories.size > CAMPAIGNS_MAX) for (const oldest of histories.keys()) return void histories.delete(oldest)
}

/** In a second that has a sample already, the newer one stands. */
function add({ at, perSecond }: Rates, second: number, rate: number): void {
  const last = at.at(-1)
  if (last !== undefined && second < last) return
  if (second === last) {
    perSecond[perSecond.length - 1] = rate
    return
  }
  at.push(second)
  perSecond.push(rate)
  if (at.length > SAMPLES_MAX) {
    at.shift()
    perSecond.shift()
  }
}

export function ratesOf(campaignId: string): Rates {
  return histories.get(campaignId) ?? { at: [], perSecond: [] }
}
