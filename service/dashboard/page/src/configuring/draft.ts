/** A campaign as it is typed, and the request that it makes. Pure; whether it makes sense is the server's to say. */
import type {
  Advance,
  Analysis,
  CreateCampaign,
  DnsValidation,
  DomainGeneration,
  EstimateCampaign,
  Header,
  HttpValidation,
  Keyword,
  Network,
  Pattern,
  Weights,
} from 'phaseline-client'

export const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
export const DIGITS = '0123456789'

/** All that is typed is text; what stays empty is as the server would have it. */
export interface Draft extends Readonly<Record<keyof Weights, string>> {
  readonly name: string
  /** Where its names come from: a pattern, or a list that is brought in and begins with DNS or with HTTP. */
  readonly source: 'pattern' | 'dns_list' | 'http_list'
  readonly network: Network
  readonly advance: Advance
  readonly pattern: Pattern
  readonly constant: string
  readonly characters: string
  readonly length: string
  readonly secondLength: string
  readonly tlds: string
  readonly count: string
  readonly offset: string
  readonly resolvers: string
  readonly withIpv6: boolean
  readonly queriesPerSecond: string
  readonly perResolver: string
  readonly attempts: string
  readonly dnsTimeout: string
  readonly detectWildcards: boolean
  /** One a line; between slashes it is a regular expression. */
  readonly keywords: string
  readonly httpTimeout: string
  readonly concurrency: string
  readonly bytesPerSecond: string
  readonly verifyTls: boolean
  readonly userAgent: string
  /** A hyphen sends none. */
  readonly acceptLanguage: string
  /** One a line: `Name: value`. */
  readonly headers: string
  readonly proxies: string
  readonly match: string
  readonly contentBytes: string
  readonly parkedFloor: string
}

export const EMPTY: Draft = {
  name: '',
  source: 'pattern',
  network: 'sandbox',
  advance: 'automatic',
  pattern: 'prefix',
  constant: 'shop',
  characters: LETTERS,
  length: '4',
  secondLength: '',
  tlds: 'com net',
  count: '20000',
  offset: '',
  resolvers: '',
  withIpv6: false,
  queriesPerSecond: '',
  perResolver: '',
  attempts: '',
  dnsTimeout: '',
  detectWildcards: true,
  keywords: '',
  httpTimeout: '',
  concurrency: '',
  bytesPerSecond: '',
  verifyTls: false,
  userAgent: '',
  acceptLanguage: '',
  headers: '',
  proxies: '',
  match: '',
  contentBytes: '',
  parkedFloor: '',
  keywordDensity: '',
  uniqueKeywordCoverage: '',
  nonParked: '',
  contentLengthQuality: '',
  titleKeyword: '',
  freshness: '',
  tfLite: '',
}

export const WEIGHTS: readonly (keyof Weights)[] = [
  'keywordDensity',
  'uniqueKeywordCoverage',
  'nonParked',
  'contentLengthQuality',
  'titleKeyword',
  'freshness',
  'tfLite',
]

const PHASE_OF_SOURCE = {
  pattern: 'domain_generation',
  dns_list: 'dns_validation',
  http_list: 'http_validation',
} as const

export function requestOf(draft: Draft): CreateCampaign {
  return { name: draft.name.trim(), ...thoughtOf(draft) }
}

/** The request without a name, by which it is estimated while it is typed. */
export function thoughtOf(draft: Draft): EstimateCampaign {
  return {
    initialPhase: PHASE_OF_SOURCE[draft.source],
    configuration: {
      advance: draft.advance,
      network: draft.network,
      ...(draft.source === 'pattern' && { domainGeneration: generationOf(draft) }),
      dnsValidation: dnsOf(draft),
      httpValidation: httpOf(draft),
      analysis: analysisOf(draft),
    },
  }
}

export function generationOf(draft: Draft): DomainGeneration {
  return {
    pattern: draft.pattern,
    constant: draft.constant.trim(),
    characterSet: draft.characters.trim(),
    variableLength: numberIn(draft.length) ?? 0,
    ...(draft.pattern === 'both' && { secondVariableLength: numberIn(draft.secondLength) ?? 0 }),
    tlds: wordsIn(draft.tlds),
    count: numberIn(draft.count) ?? 0,
    offset: numberIn(draft.offset),
  }
}

export function dnsOf(draft: Draft): DnsValidation {
  return {
    resolvers: wordsIn(draft.resolvers),
    recordTypes: draft.withIpv6 ? ['A', 'AAAA'] : ['A'],
    detectWildcards: draft.detectWildcards,
    queriesPerSecond: numberIn(draft.queriesPerSecond),
    queriesPerSecondPerResolver: numberIn(draft.perResolver),
    attempts: numberIn(draft.attempts),
    timeoutSeconds: numberIn(draft.dnsTimeout),
  }
}

export function httpOf(draft: Draft): HttpValidation {
  const language = draft.acceptLanguage.trim()
  return {
    keywords: linesIn(draft.keywords).map(keywordOf),
    timeoutSeconds: numberIn(draft.httpTimeout),
    concurrency: numberIn(draft.concurrency),
    bytesPerSecond: numberIn(draft.bytesPerSecond),
    verifyTls: draft.verifyTls,
    userAgent: draft.userAgent.trim() || undefined,
    acceptLanguage: language === '-' ? null : language || undefined,
    headers: linesIn(draft.headers).map(headerOf),
    proxies: linesIn(draft.proxies),
  }
}

export function analysisOf(draft: Draft): Analysis {
  return {
    weights: Object.fromEntries(WEIGHTS.map((name) => [name, numberIn(draft[name])])),
    thresholds: {
      match: numberIn(draft.match),
      minContentBytes: numberIn(draft.contentBytes),
      parkedFloor: numberIn(draft.parkedFloor),
    },
  }
}

/** Left out where nothing was typed, so that the server's default holds. */
function numberIn(text: string): number | undefined {
  const digits = text.replaceAll(/[\s,_]/g, '')
  return digits === '' ? undefined : Number(digits)
}

function wordsIn(text: string): string[] {
  return text.split(/[\s,;]+/).filter(Boolean)
}

function linesIn(text: string): string[] {
  return text.split('\n').flatMap((line) => line.trim() || [])
}

function keywordOf(line: string): Keyword {
  const regex = /^\/(.+)\/$/.exec(line)?.[1]
  return regex === undefined ? { text: line } : { text: regex, kind: 'regex' }
}

function headerOf(line: string): Header {
  const [name = '', ...rest] = line.split(':')
  return { name: name.trim(), value: rest.join(':').trim() }
}
