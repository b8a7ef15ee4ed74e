/** One domain in the table. */
import type { CampaignPhase, Domain, ScoreParts } from 'phaseline-client'
import { outcomeOf } from '../words/outcomes'
import { wordsOf } from '../words/phases'
import { PartsBar } from './Parts'

export interface Row {
  readonly domain: Domain
  /** Null where the facts behind the score are stale, undefined where they were not asked for. */
  readonly parts: ScoreParts | null | undefined
}

interface DomainRowProps {
  /** Undefined while it is asked for again. */
  readonly row: Row | undefined
  readonly index: number
  readonly top: number
  readonly height: number
  /** Of all rows, one is reached with the tabulator; the arrows lead to the others. */
  readonly isReachable: boolean
  readonly onOpen: (row: Row) => void
  readonly onFocus: (index: number) => void
}

export function DomainRow({ row, index, top, height, isReachable, onOpen, onFocus }: DomainRowProps) {
  const place = { height, transform: `translateY(${top}px)` }
  if (row === undefined)
    return (
      <div role="row" className="domain-row" style={place} data-row={index} aria-rowindex={index + 1}>
        <span role="cell">
          <span className="bone" />
        </span>
      </div>
    )
  const { domain, dns, http, analysis } = row.domain
  return (
    <div role="row" className="domain-row" style={place} data-row={index} aria-rowindex={index + 1}>
      <span role="cell" className="domain-name cut">
        <button
          type="button"
          tabIndex={isReachable ? 0 : -1}
          title={domain}
          onClick={() => onOpen(row)}
          onFocus={() => onFocus(index)}
        >
          {domain}
        </button>
      </span>
      <span role="cell" className="domain-dns cut">
        {dns && <Outcome phase="dns_validation" word={dns.outcome} />}
      </span>
      <span role="cell" className="domain-http cut">
        {http && <Outcome phase="http_validation" word={http.outcome} code={http.statusCode} />}
      </span>
      <span role="cell" className="domain-title cut soft" title={http?.title ?? undefined}>
        {http?.title}
      </span>
      <span role="cell" className="domain-keywords cut soft" title={http?.keywords.join(', ')}>
        {http?.keywords.join(', ')}
      </span>
      <span role="cell" className="domain-score">
        {analysis && analysis.score.toFixed(3)}
        {row.parts && <PartsBar parts={row.parts} />}
      </span>
      <span role="cell" className="domain-verdict cut">
        {analysis && <Outcome phase="analysis" word={analysis.outcome} />}
      </span>
    </div>
  )
}

interface OutcomeProps {
  readonly phase: CampaignPhase
  readonly word: string
  readonly code?: number | null
}

export function Outcome({ phase, word, code }: OutcomeProps) {
  const { kind, meaning } = outcomeOf(phase, word)
  return (
    <span className="outcome" data-kind={kind} title={meaning}>
      {wordsOf(word)}
      {code != null && <span className="faint"> {code}</span>}
    </span>
  )
}
