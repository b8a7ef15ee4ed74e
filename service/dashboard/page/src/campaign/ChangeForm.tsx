/** Changes a campaign's name and what its phases are told, as far as they are not under way. */
import { type Campaign, PhaselineError, type Phases, PreconditionFailed } from 'phaseline-client'
import { type FormEvent, type ReactNode, useRef, useState } from 'react'
import { flushSync } from 'react-dom'
import { pointerOf, sentenceOf } from '../asking/sentences'
import { changedParts, draftOf, updateOf } from '../configuring/changing'
import type { Draft } from '../configuring/draft'
import type { FieldsProps } from '../configuring/fieldsProps'
import { AdvanceField, NameField } from '../configuring/GeneralFields'
import { PatternFields } from '../configuring/PatternFields'
import { AnalysisFields, DnsFields, HttpFields } from '../configuring/PhaseFields'
import { fieldAt, type Part } from '../configuring/pointers'
import { Trouble } from '../parts/Told'
import { client } from '../session/client'
import { asked } from '../session/session'
import { whyFixed, whatFollows } from './changes'

interface ChangeFormProps {
  readonly campaign: Campaign
  readonly phases: Phases
  /** With what there is to say: nothing where it was given up. */
  readonly onLeave: (told: string) => void
}

export default function ChangeForm({ campaign, phases, onLeave }: ChangeFormProps) {
  // What it was when the form was opened: had somebody else changed it since, the server refuses.
  const [before] = useState(campaign)
  const [draft, setDraft] = useState<Draft>(() => draftOf(campaign))
  const [refusal, refuse] = useState<unknown>()
  const [isBusy, work] = useState(false)
  const form = useRef<HTMLFormElement>(null)
  const refused = fieldAt(pointerOf(refusal))
  const fields: FieldsProps = {
    draft,
    faults: refused === undefined ? {} : { [refused]: sentenceOf(refusal) },
    change: (changes) => {
      setDraft((now) => ({ ...now, ...changes }))
      if (refused !== undefined && refused in changes) refuse(undefined)
    },
  }

  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (isBusy) return
    work(true)
    refuse(undefined)
    asked(save(before, draft)).then(
      () => onLeave(whatFollows(changedParts(draftOf(before), draft), phases)),
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
    <form ref={form} className="changing" onSubmit={submit} noValidate>
      <section className="card panel" aria-label="General">
        <NameField {...fields} />
        <AdvanceField {...fields} />
      </section>
      {draft.source === 'pattern' && (
        <Group part="domainGeneration" phases={phases}>
          <PatternFields {...fields} />
        </Group>
      )}
      {draft.source !== 'http_list' && (
        <Group part="dnsValidation" phases={phases}>
          <DnsFields {...fields} />
        </Group>
      )}
      <Group part="httpValidation" phases={phases}>
        <HttpFields {...fields} />
      </Group>
      <Group part="analysis" phases={phases}>
        <AnalysisFields {...fields} />
      </Group>
      {refusal !== undefined && refused === undefined && <Trouble error={refusal} />}
      <div className="changing-end">
        <button type="submit" className="button primary" aria-busy={isBusy}>
          Save
        </button>
        <button type="button" className="button" onClick={() => onLeave('')}>
          Leave it
        </button>
      </div>
    </form>
  )
}

interface GroupProps {
  readonly part: Part
  readonly phases: Phases
  readonly children: ReactNode
}

/** The fields of a phase, or why they stand fast. */
function Group({ part, phases, children }: GroupProps) {
  const fixed = whyFixed(part, phases)
  return (
    <fieldset className="changing-group" disabled={fixed !== undefined}>
      {fixed !== undefined && <p className="note">{fixed}</p>}
      {children}
    </fieldset>
  )
}

/** To what was seen: where the campaign has only moved on since, that is still so, and the change is sent again. */
async function save(before: Campaign, draft: Draft): Promise<void> {
  try {
    await send(before, draft)
  } catch (error) {
    if (!(error instanceof PreconditionFailed)) throw error
    const now = await client.campaigns.getCampaign({ path: { campaignId: before.id } })
    if (!isSameText(now, before)) throw new PhaselineError('changed_meanwhile', CHANGED_MEANWHILE)
    await send(now, draft)
  }
}

const CHANGED_MEANWHILE =
  'Somebody else has changed this campaign since the form was opened. Leave it, look how it is now, and change it then.'

async function send(campaign: Campaign, draft: Draft): Promise<void> {
  await client.campaigns.updateCampaign({
    path: { campaignId: campaign.id },
    headers: { 'If-Match': `"${campaign.version}"` },
    body: updateOf(campaign, draft),
  })
}

function isSameText(one: Campaign, other: Campaign): boolean {
  return JSON.stringify([one.name, one.configuration]) === JSON.stringify([other.name, other.configuration])
}
