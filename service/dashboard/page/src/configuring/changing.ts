/** A campaign's configuration as a draft to be changed, and the request that the changes make. Pure. */
import type {
  Campaign,
  ConfigurationUpdate,
  HttpValidation,
  Keyword,
  ShownConfiguration,
  ShownHttpValidation,
  UpdateCampaign,
} from 'phaseline-client'
import { analysisOf, dnsOf, type Draft, EMPTY, generationOf, httpOf, WEIGHTS } from './draft'
import { fieldsOf, type Part } from './pointers'

export const PARTS: readonly Part[] = ['domainGeneration', 'dnsValidation', 'httpValidation', 'analysis']

export function draftOf({ name, initialPhase, configuration }: Campaign): Draft {
  const { dnsValidation: dns, httpValidation: http, analysis } = configuration
  return {
    ...EMPTY,
    ...generated(configuration),
    name,
    source:
      initialPhase === 'http_validation' ? 'http_list' : initialPhase === 'dns_validation' ? 'dns_list' : 'pattern',
    network: configuration.network,
    advance: configuration.advance,
    resolvers: dns.resolvers.join('\n'),
    withIpv6: dns.recordTypes.includes('AAAA'),
    queriesPerSecond: textOf(dns.queriesPerSecond),
    perResolver: textOf(dns.queriesPerSecondPerResolver),
    attempts: textOf(dns.attempts),
    dnsTimeout: textOf(dns.timeoutSeconds),
    detectWildcards: dns.detectWildcards,
    keywords: http.keywords.map(({ text, kind }) => (kind === 'regex' ? `/${text}/` : text)).join('\n'),
    httpTimeout: textOf(http.timeoutSeconds),
    concurrency: textOf(http.concurrency),
    bytesPerSecond: textOf(http.bytesPerSecond),
    verifyTls: http.verifyTls,
    userAgent: http.userAgent,
    acceptLanguage: http.acceptLanguage ?? '-',
    headers: http.headers.map((header) => `${header.name}: ${header.value}`).join('\n'),
    proxies: http.proxies.join('\n'),
    match: textOf(analysis.thresholds.match),
    contentBytes: textOf(analysis.thresholds.minContentBytes),
    parkedFloor: textOf(analysis.thresholds.parkedFloor),
    ...Object.fromEntries(WEIGHTS.map((weight) => [weight, textOf(analysis.weights[weight])])),
  }
}

function generated({ domainGeneration: given }: ShownConfiguration): Partial<Draft> {
  if (given === null) return {}
  return {
    pattern: given.pattern,
    constant: given.constant,
    characters: given.characterSet,
    length: textOf(given.variableLength),
    secondLength: textOf(given.secondVariableLength),
    tlds: given.tlds.join(' '),
    count: textOf(given.count),
    offset: textOf(given.offset),
  }
}

function textOf(value: number | null): string {
  return value === null ? '' : String(value)
}

export function changedParts(before: Draft, after: Draft): readonly Part[] {
  return PARTS.filter((part) => fieldsOf(part).some((field) => before[field] !== after[field]))
}

/** What is different, and nothing else; of a part that is, also what the form does not show. */
export function updateOf(campaign: Campaign, after: Draft): UpdateCampaign {
  const before = draftOf(campaign)
  const { configuration } = campaign
  const parts = changedParts(before, after)
  const update: ConfigurationUpdate = {
    ...(after.advance !== before.advance && { advance: after.advance }),
    ...(parts.includes('domainGeneration') && { domainGeneration: generationOf(after) }),
    ...(parts.includes('dnsValidation') && { dnsValidation: { ...configuration.dnsValidation, ...dnsOf(after) } }),
    ...(parts.includes('httpValidation') && { httpValidation: withUnseen(configuration.httpValidation, httpOf(after)) }),
    ...(parts.includes('analysis') && { analysis: analysisOf(after) }),
  }
  return { ...(after.name !== before.name && { name: after.name.trim() }), configuration: update }
}

/** A keyword that stays keeps what the form does not show of it: its category, and whether its case matters. */
function withUnseen(before: ShownHttpValidation, after: HttpValidation): HttpValidation {
  const keywords = after.keywords?.map(
    (keyword): Keyword =>
      before.keywords.find(({ text, kind }) => text === keyword.text && kind === (keyword.kind ?? 'literal')) ?? keyword,
  )
  return { ...before, ...after, keywords }
}
