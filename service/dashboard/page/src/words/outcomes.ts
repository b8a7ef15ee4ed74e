/**
 * What became of a domain, in words: each outcome of each phase, whether it is a success, an answer that was not hoped
 * for (negative), or a failure that may be asked again, and what it means.
 */
import type { CampaignPhase } from 'phaseline-client'
import { wordsOf } from './phases'

export type OutcomeKind = 'succeeded' | 'negative' | 'failed'

export interface Outcome {
  readonly word: string
  readonly kind: OutcomeKind
  readonly meaning: string
}

const OUTCOMES: Readonly<Record<CampaignPhase, readonly Outcome[]>> = {
  domain_generation: [
    { word: 'generated', kind: 'succeeded', meaning: 'A name that keeps the rules of host names.' },
    { word: 'rejected', kind: 'negative', meaning: 'This place of the pattern would break the rules of host names.' },
    { word: 'internal_error', kind: 'failed', meaning: 'Our own fault; it is in the log.' },
  ],
  dns_validation: [
    { word: 'resolved', kind: 'succeeded', meaning: 'The name has an address.' },
    { word: 'no_data', kind: 'negative', meaning: 'The name exists, without an address.' },
    { word: 'absent', kind: 'negative', meaning: 'There is no such name (NXDOMAIN).' },
    { word: 'servfail', kind: 'failed', meaning: 'The resolvers could not find out.' },
    { word: 'refused', kind: 'failed', meaning: 'The resolvers refused to answer.' },
    { word: 'timed_out', kind: 'failed', meaning: 'Nobody answered at all.' },
    { word: 'malformed', kind: 'failed', meaning: 'No answer could be read.' },
    { word: 'wildcard', kind: 'negative', meaning: 'Its parent gives the same answer to every name.' },
    { word: 'rate_limited', kind: 'failed', meaning: 'The resolvers asked us to come back later.' },
    { word: 'internal_error', kind: 'failed', meaning: 'Our own fault; it is in the log.' },
  ],
  http_validation: [
    { word: 'reached', kind: 'succeeded', meaning: 'A page came.' },
    { word: 'parked', kind: 'negative', meaning: 'A page came, and it is a parking page.' },
    { word: 'not_found', kind: 'negative', meaning: 'The server says that there is no such page (404 or 410).' },
    { word: 'client_error', kind: 'negative', meaning: 'The server refused the request (another status from 400 on).' },
    { word: 'server_error', kind: 'failed', meaning: 'The server failed (a status from 500 on).' },
    { word: 'rate_limited', kind: 'failed', meaning: 'The server asked us to come back later.' },
    { word: 'redirect_loop', kind: 'negative', meaning: 'It was redirected in a circle, or too often.' },
    { word: 'blocked', kind: 'negative', meaning: 'It leads where we do not go: a private address, port or scheme.' },
    { word: 'unresolvable', kind: 'negative', meaning: 'It leads to a host without an address.' },
    { word: 'connection_refused', kind: 'failed', meaning: 'Nobody listens there.' },
    { word: 'connection_reset', kind: 'failed', meaning: 'The connection was cut off.' },
    { word: 'timed_out', kind: 'failed', meaning: 'It took too long.' },
    { word: 'tls_failed', kind: 'failed', meaning: 'No secure connection could be made.' },
    { word: 'broken_response', kind: 'failed', meaning: 'What came was no HTTP, or not whole.' },
    { word: 'internal_error', kind: 'failed', meaning: 'Our own fault; it is in the log.' },
  ],
  analysis: [
    { word: 'qualified', kind: 'succeeded', meaning: 'A lead: it reached the score that is asked for.' },
    { word: 'low_score', kind: 'negative', meaning: 'Its page does not reach the score that is asked for.' },
    { word: 'no_keywords', kind: 'negative', meaning: 'Its page has none of the keywords.' },
    { word: 'parked', kind: 'negative', meaning: 'Its page is a parking page.' },
    { word: 'thin_content', kind: 'negative', meaning: 'Its page says too little.' },
    { word: 'dns_negative', kind: 'negative', meaning: 'DNS said no.' },
    { word: 'dns_failed', kind: 'negative', meaning: 'DNS could not be asked.' },
    { word: 'http_negative', kind: 'negative', meaning: 'There is no page.' },
    { word: 'http_failed', kind: 'negative', meaning: 'Its page could not be asked for.' },
    { word: 'internal_error', kind: 'failed', meaning: 'Our own fault; it is in the log.' },
  ],
}

export function outcomesOf(phase: CampaignPhase): readonly Outcome[] {
  return OUTCOMES[phase] ?? []
}

/** Of a word that a later server adds, nothing is known but itself. */
export function outcomeOf(phase: CampaignPhase, word: string): Outcome {
  return outcomesOf(phase).find((each) => each.word === word) ?? { word, kind: 'negative', meaning: wordsOf(word) }
}
