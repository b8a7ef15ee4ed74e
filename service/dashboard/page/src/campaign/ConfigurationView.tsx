/** What the campaign was told to do, part by part, as the server holds it; and the way to change it. */
import type { Campaign } from 'phaseline-client'
import { Suspense, useState } from 'react'
import { later } from '../app/ahead'
import { useMay } from '../session/session'
import { PHASES, phaseName, spoken } from '../words/phases'
import type { ViewProps } from './CampaignPage'

const ChangeForm = later(() => import('./ChangeForm'))

type Shown = Readonly<Record<string, unknown>>

export default function ConfigurationView({ campaign, phases, askAgain }: ViewProps) {
  const [isChanging, change] = useState(false)
  const [told, tell] = useState('')
  const mayWrite = useMay('write')
  const leave = (sentence: string): void => {
    change(false)
    tell(sentence)
    askAgain()
  }
  if (isChanging)
    return (
      <Suspense fallback={<span className="bone" style={{ width: '40%' }} />}>
        <ChangeForm campaign={campaign} phases={phases} onLeave={leave} />
      </Suspense>
    )
  return (
    <>
      {mayWrite && (
        <div className="configuration-head">
          <p className="soft" role="status">
            {told}
          </p>
          <button type="button" className="button" onClick={() => change(true)}>
            Change name or configuration
          </button>
        </div>
      )}
      <div className="configuration">
        {PHASES.map((phase) => {
          const part = partOf(campaign, phase)
          return (
            part && (
              <section key={phase} className="card panel">
                <h2>{phaseName(phase)}</h2>
                <Parts shown={part} />
              </section>
            )
          )
        })}
      </div>
    </>
  )
}

function partOf({ configuration }: Campaign, phase: (typeof PHASES)[number]): Shown | null {
  const { domainGeneration, dnsValidation, httpValidation, analysis } = configuration
  const parts = {
    domain_generation: domainGeneration,
    dns_validation: dnsValidation,
    http_validation: httpValidation,
    analysis,
  }
  return parts[phase]
}

function Parts({ shown }: { readonly shown: Shown }) {
  return (
    <dl className="parts">
      {Object.entries(shown).map(([name, value]) => (
        <div key={name}>
          <dt>{spoken(name)}</dt>
          <dd>{isObject(value) ? <Parts shown={value} /> : textOf(value)}</dd>
        </div>
      ))}
    </dl>
  )
}

function isObject(value: unknown): value is Shown {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textOf(value: unknown): string {
  if (value === null) return '–'
  if (Array.isArray(value)) return value.map(textOfItem).join(', ') || 'none'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return typeof value === 'number' ? value.toLocaleString('en') : String(value)
}

/** Keywords and headers say what they are by their first part. */
function textOfItem(item: unknown): string {
  if (!isObject(item)) return String(item)
  const { text, kind, name, value } = item as Record<string, string | undefined>
  if (text !== undefined) return kind === 'regex' ? `/${text}/` : `“${text}”`
  return `${name}: ${value}`
}
