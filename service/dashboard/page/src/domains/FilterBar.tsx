/** Narrows the domains down. What is chosen stands in the page's address, so that a link shows the same. */
import { AnalysisOutcome, type Campaign, type CampaignPhase, DnsOutcome, HttpOutcome, Sort } from 'phaseline-client'
import { useEffect, useRef, useState } from 'react'
import { changeQuery } from '../app/router'
import { outcomeOf } from '../words/outcomes'
import { wordsOf } from '../words/phases'
import { ExportLinks } from './ExportLinks'
import { type Filters, isNarrowed, NO_FILTERS, numberIn } from './filters'

const PAUSE_MILLISECONDS = 300 // after the last key

export function FilterBar({ campaign, filters }: { readonly campaign: Campaign; readonly filters: Filters }) {
  const keywords = [...new Set(campaign.configuration.httpValidation.keywords.map(({ text }) => text))]
  return (
    <div className="filters" role="search" aria-label="Domains">
      <Typed name="prefix" label="Begins with" value={filters.prefix} />
      <Outcomes name="dns" label="DNS" phase="dns_validation" words={Object.values(DnsOutcome)} chosen={filters.dns} />
      <Outcomes name="http" label="HTTP" phase="http_validation" words={Object.values(HttpOutcome)} chosen={filters.http} />
      <Outcomes
        name="verdict"
        label="Verdict"
        phase="analysis"
        words={Object.values(AnalysisOutcome)}
        chosen={filters.verdict}
      />
      {keywords.length > 0 && (
        <select
          className="select filter-keyword"
          aria-label="Keyword"
          value={filters.keyword}
          onChange={(event) => changeQuery({ keyword: event.target.value })}
        >
          <option value="">Any keyword</option>
          {keywords.map((text) => (
            <option key={text}>{text}</option>
          ))}
        </select>
      )}
      <div className="filter-score" role="group" aria-label="Score">
        <Typed name="scoreMin" label="Score from" value={filters.scoreMin} isNumber />
        <Typed name="scoreMax" label="Score to" value={filters.scoreMax} isNumber />
      </div>
      <select
        className="select filter-sort"
        aria-label="Order"
        value={filters.sort}
        onChange={(event) => changeQuery({ sort: event.target.value === Sort.SCORE ? Sort.SCORE : '' })}
      >
        <option value={Sort.POSITION}>As they were made</option>
        <option value={Sort.SCORE}>Best score first</option>
      </select>
      {filters.sort === Sort.POSITION && <Typed name="from" label="From place" value={filters.from} isNumber />}
      {(isNarrowed(filters) || filters.from !== '') && (
        <button type="button" className="button quiet" onClick={() => changeQuery(NO_FILTERS)}>
          Show all
        </button>
      )}
      <ExportLinks campaignId={campaign.id} filters={filters} />
    </div>
  )
}

interface TypedProps {
  readonly name: string
  readonly label: string
  readonly value: string
  readonly isNumber?: boolean
}

/** Looked for when the typing pauses; what should be a number and is none is not looked for. */
function Typed({ name, label, value, isNumber = false }: TypedProps) {
  const [text, type] = useState(value)
  const asked = useRef(value)
  const isWrong = isNumber && text.trim() !== '' && numberIn(text) === undefined
  useEffect(() => {
    if (value !== asked.current) type(value) // changed elsewhere: by a link, or by "Show all"
    asked.current = value
  }, [value])
  useEffect(() => {
    if (text === asked.current || isWrong) return
    const timer = setTimeout(() => {
      asked.current = text.trim()
      changeQuery({ [name]: text.trim() })
    }, PAUSE_MILLISECONDS)
    return () => clearTimeout(timer)
  }, [text, name, isWrong])
  return (
    <input
      className={`input ${isNumber ? 'filter-number' : 'filter-wide'}`}
      aria-label={label}
      aria-invalid={isWrong}
      placeholder={label}
      title={isWrong ? 'This is not a number.' : label}
      inputMode={isNumber ? 'decimal' : 'url'}
      spellCheck={false}
      autoComplete="off"
      value={text}
      onChange={(event) => type(event.target.value)}
    />
  )
}

interface OutcomesProps {
  readonly name: string
  readonly label: string
  readonly phase: CampaignPhase
  readonly words: readonly string[]
  readonly chosen: readonly string[]
}

/** Any of these. */
function Outcomes({ name, label, phase, words, chosen }: OutcomesProps) {
  const details = useRef<HTMLDetailsElement>(null)
  useEffect(() => {
    const close = (event: Event): void => {
      const element = details.current
      if (element?.open && (event.type === 'keydown' || !element.contains(event.target as Node))) {
        if (event instanceof KeyboardEvent && event.key !== 'Escape') return
        element.open = false
      }
    }
    document.addEventListener('pointerdown', close)
    document.addEventListener('keydown', close)
    return () => {
      document.removeEventListener('pointerdown', close)
      document.removeEventListener('keydown', close)
    }
  }, [])
  const toggle = (word: string): void =>
    changeQuery({ [name]: chosen.includes(word) ? chosen.filter((each) => each !== word) : [...chosen, word] })
  const [only] = chosen
  return (
    <details ref={details} className="pick">
      <summary className="button">
        {label}
        {only !== undefined && <span className="pick-chosen">{chosen.length > 1 ? chosen.length : wordsOf(only)}</span>}
      </summary>
      <fieldset className="pick-list">
        <legend className="hidden-text">{label}: any of these</legend>
        {words.map((word) => (
          <label key={word} title={outcomeOf(phase, word).meaning}>
            <input type="checkbox" checked={chosen.includes(word)} onChange={() => toggle(word)} />
            {wordsOf(word)}
          </label>
        ))}
      </fieldset>
    </details>
  )
}
