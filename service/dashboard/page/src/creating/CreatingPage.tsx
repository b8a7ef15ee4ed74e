/** A new campaign. What it would make and take is shown while it is typed; the server says what is wrong with it. */
import './creating.css'
import { type FormEvent, useRef, useState } from 'react'
import { flushSync } from 'react-dom'
import { pointerOf, sentenceOf } from '../asking/sentences'
import { Heading } from '../app/Heading'
import { Link } from '../app/Link'
import { navigate } from '../app/router'
import { type Draft, EMPTY, generationOf, requestOf, thoughtOf } from '../configuring/draft'
import type { Faults, FieldsProps } from '../configuring/fieldsProps'
import { AdvanceField, NameField } from '../configuring/GeneralFields'
import { PatternFields } from '../configuring/PatternFields'
import { AnalysisFields, DnsFields, HttpFields } from '../configuring/PhaseFields'
import { fieldAt } from '../configuring/pointers'
import { ChoiceField } from '../parts/fields'
import { Trouble } from '../parts/Told'
import { client } from '../session/client'
import { asked } from '../session/session'
import { PreviewPanel } from './PreviewPanel'
import { useEstimate, usePreview } from './usePreview'

export default function CreatingPage() {
  const [draft, setDraft] = useState<Draft>(EMPTY)
  const [refusal, refuse] = useState<unknown>()
  const [isBusy, work] = useState(false)
  const form = useRef<HTMLFormElement>(null)
  const preview = usePreview(generationOf(draft))
  const estimate = useEstimate(thoughtOf(draft))
  const isPattern = draft.source === 'pattern'
  const refused = fieldAt(pointerOf(refusal))
  const faults: Faults = {
    ...faultOf(fieldAt(pointerOf(estimate.error)), estimate.error),
    ...faultOf(refused, refusal),
  }
  const fields: FieldsProps = {
    draft,
    faults,
    change: (changes) => {
      setDraft((before) => ({ ...before, ...changes }))
      if (refused !== undefined && refused in changes) refuse(undefined)
    },
  }

  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (isBusy) return
    work(true)
    refuse(undefined)
    asked(client.campaigns.createCampaign({ body: requestOf(draft) })).then(
      ({ id }) => navigate(`/campaigns/${id}${isPattern ? '?act=start' : ''}`),
      (error: unknown) => {
        // Drawn at once, so that the field that is wrong can be focused.
        flushSync(() => {
          work(false)
          refuse(error)
        })
        form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
      },
    )
  }

  return (
    <>
      <p className="small">
        <Link to="/">Campaigns</Link>
      </p>
      <div className="page-head">
        <Heading>New campaign</Heading>
      </div>
      <form ref={form} className="creating" onSubmit={submit} noValidate>
        <div className="creating-fields">
          <General {...fields} />
          {isPattern && <PatternFields {...fields} />}
          {draft.source !== 'http_list' && <DnsFields {...fields} />}
          <HttpFields {...fields} />
          <AnalysisFields {...fields} />
          {refusal !== undefined && refused === undefined && <Trouble error={refusal} />}
          <div className="creating-end">
            <button type="submit" className="button primary" aria-busy={isBusy}>
              Create the campaign
            </button>
            <span className="note">It does not start by itself.</span>
          </div>
        </div>
        {isPattern && <PreviewPanel preview={preview} estimate={estimate} />}
      </form>
    </>
  )
}

function faultOf(field: keyof Draft | undefined, error: unknown): Faults {
  return field === undefined ? {} : { [field]: sentenceOf(error) }
}

function General(props: FieldsProps) {
  const { draft, change } = props
  return (
    <section className="card panel" aria-label="General">
      <NameField {...props} />
      <ChoiceField
        label="Its names come from"
        value={draft.source}
        choices={[
          ['pattern', 'A pattern'],
          ['dns_list', 'A list, to be resolved'],
          ['http_list', 'A list, to be fetched at once'],
        ]}
        hint={draft.source === 'pattern' ? undefined : 'The list is brought in when the campaign is there.'}
        onChange={(source) => change({ source })}
      />
      <ChoiceField
        label="Its traffic goes to"
        value={draft.network}
        choices={[
          ['sandbox', 'The sandbox'],
          ['internet', 'The internet'],
        ]}
        hint={
          draft.network === 'sandbox'
            ? 'A small internet on this machine, which knows the truth about every name. Nothing leaves it.'
            : 'Real resolvers and real servers are asked.'
        }
        onChange={(network) => change({ network })}
      />
      <AdvanceField {...props} />
    </section>
  )
}
