/** Which field of a form a part of the request comes from, by the beginning of the pointer that a refusal has. Pure. */
import { type Draft, WEIGHTS } from './draft'

export type Part = 'domainGeneration' | 'dnsValidation' | 'httpValidation' | 'analysis'

const GENERATION = '/configuration/domainGeneration'
const DNS = '/configuration/dnsValidation'
const HTTP = '/configuration/httpValidation'
const ANALYSIS = '/configuration/analysis'

// The longer one first, where one pointer begins with another.
const FIELDS: readonly (readonly [string, keyof Draft])[] = [
  ['/name', 'name'],
  [`${GENERATION}/pattern`, 'pattern'],
  [`${GENERATION}/constant`, 'constant'],
  [`${GENERATION}/characterSet`, 'characters'],
  [`${GENERATION}/variableLength`, 'length'],
  [`${GENERATION}/secondVariableLength`, 'secondLength'],
  [`${GENERATION}/tlds`, 'tlds'],
  [`${GENERATION}/count`, 'count'],
  [`${GENERATION}/offset`, 'offset'],
  [`${DNS}/resolvers`, 'resolvers'],
  [`${DNS}/recordTypes`, 'withIpv6'],
  [`${DNS}/detectWildcards`, 'detectWildcards'],
  [`${DNS}/queriesPerSecondPerResolver`, 'perResolver'],
  [`${DNS}/queriesPerSecond`, 'queriesPerSecond'],
  [`${DNS}/attempts`, 'attempts'],
  [`${DNS}/timeoutSeconds`, 'dnsTimeout'],
  [`${HTTP}/keywords`, 'keywords'],
  [`${HTTP}/timeoutSeconds`, 'httpTimeout'],
  [`${HTTP}/concurrency`, 'concurrency'],
  [`${HTTP}/bytesPerSecond`, 'bytesPerSecond'],
  [`${HTTP}/verifyTls`, 'verifyTls'],
  [`${HTTP}/userAgent`, 'userAgent'],
  [`${HTTP}/acceptLanguage`, 'acceptLanguage'],
  [`${HTTP}/headers`, 'headers'],
  [`${HTTP}/proxies`, 'proxies'],
  [`${ANALYSIS}/thresholds/match`, 'match'],
  [`${ANALYSIS}/thresholds/minContentBytes`, 'contentBytes'],
  [`${ANALYSIS}/thresholds/parkedFloor`, 'parkedFloor'],
  ...WEIGHTS.map((name) => [`${ANALYSIS}/weights/${name}`, name] as const),
  [`${ANALYSIS}/weights`, 'keywordDensity'],
]

/** The field that a refusal points at; undefined where it is none of them. */
export function fieldAt(pointer: string | undefined): keyof Draft | undefined {
  return FIELDS.find(([beginning]) => pointer?.startsWith(beginning))?.[1]
}

/** The fields of which a part of a configuration is made. */
export function fieldsOf(part: Part): readonly (keyof Draft)[] {
  return FIELDS.flatMap(([pointer, field]) => (pointer.startsWith(`/configuration/${part}/`) ? [field] : []))
}
