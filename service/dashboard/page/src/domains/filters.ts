/** Which domains are wanted, as the address of the page says it, and as the server is asked. Pure. */
import {
  AnalysisOutcome,
  DnsOutcome,
  type ExportFormat,
  HttpOutcome,
  isKnown,
  type ListDomainsData,
  Sort,
} from 'phaseline-client'

type DomainsQuery = NonNullable<ListDomainsData['query']>

export interface Filters {
  readonly dns: readonly DnsOutcome[]
  readonly http: readonly HttpOutcome[]
  readonly verdict: readonly AnalysisOutcome[]
  readonly keyword: string
  readonly prefix: string
  readonly scoreMin: string
  readonly scoreMax: string
  /** The place to begin at, from 1 on; among scores there are no places. */
  readonly from: string
  readonly sort: Sort
}

export function filtersIn(query: URLSearchParams): Filters {
  return {
    dns: wordsIn(DnsOutcome, query.getAll('dns')),
    http: wordsIn(HttpOutcome, query.getAll('http')),
    verdict: wordsIn(AnalysisOutcome, query.getAll('verdict')),
    keyword: query.get('keyword') ?? '',
    prefix: query.get('prefix') ?? '',
    scoreMin: query.get('scoreMin') ?? '',
    scoreMax: query.get('scoreMax') ?? '',
    from: query.get('from') ?? '',
    sort: query.get('sort') === Sort.SCORE ? Sort.SCORE : Sort.POSITION,
  }
}

function wordsIn<Words extends Record<string, string>>(words: Words, texts: readonly string[]): Words[keyof Words][] {
  return texts.flatMap((text) => (isKnown(words, text) ? [text] : []))
}

export function isNarrowed({ dns, http, verdict, keyword, prefix, scoreMin, scoreMax }: Filters): boolean {
  return Boolean(dns.length || http.length || verdict.length || keyword || prefix || scoreMin || scoreMax)
}

/** Behind which position the list begins, as the server counts: from 0 on. */
export function afterOf({ from, sort }: Filters): number | undefined {
  const place = numberIn(from)
  return place === undefined || sort === Sort.SCORE ? undefined : Math.max(1, Math.floor(place)) - 2
}

/** What a link to this page that shows everything changes. */
export const NO_FILTERS = { dns: '', http: '', verdict: '', keyword: '', prefix: '', scoreMin: '', scoreMax: '', from: '' }

export function queryOf(filters: Filters): Omit<DomainsQuery, 'cursor' | 'limit' | 'sort'> {
  return {
    dnsOutcome: filters.dns.length ? [...filters.dns] : undefined,
    httpOutcome: filters.http.length ? [...filters.http] : undefined,
    analysisOutcome: filters.verdict.length ? [...filters.verdict] : undefined,
    keyword: filters.keyword || undefined,
    prefix: filters.prefix || undefined,
    scoreMin: numberIn(filters.scoreMin),
    scoreMax: numberIn(filters.scoreMax),
  }
}

/** Undefined where it is none. */
export function numberIn(text: string): number | undefined {
  const number = Number(text.replaceAll(/[\s,_]/g, '') || NaN)
  return Number.isNaN(number) ? undefined : number
}

/** Where a browser saves the domains that pass. */
export function exportHref(campaignId: string, filters: Filters, format: ExportFormat): string {
  const query = new URLSearchParams({ format })
  for (const [name, value] of Object.entries(queryOf(filters)))
    for (const each of Array.isArray(value) ? value : [value]) if (each !== undefined) query.append(name, String(each))
  return `/campaigns/${encodeURIComponent(campaignId)}/domains/export?${query}`
}
