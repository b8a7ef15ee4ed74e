/** Says what will happen, asks why, and then does it. */
import {
  type Campaign,
  type CampaignPhase,
  PhaselineError,
  type PhaseRun,
  type Phases,
  PreconditionFailed,
  RerunScope,
} from 'phaseline-client'
import { useId, useState } from 'react'
import { navigate } from '../app/router'
import { Dialog } from '../parts/Dialog'
import { client } from '../session/client'
import { innerName, PHASES, phaseName } from '../words/phases'
import { Estimate } from './Estimate'
import { runOf } from './phases'
import { type Act, repeatable, rerunConsequences, type Scope, SCOPE_NAMES, scopesOf } from './acts'

const REASON_LENGTH_MAX = 500

interface ActDialogProps {
  readonly act: Act
  readonly campaign: Campaign
  readonly phases: Phases
  readonly onClose: () => void
  readonly onDone: () => void
}

interface Again {
  readonly phase: CampaignPhase
  /** The first that there is, where none was chosen. */
  readonly scope: Scope | undefined
  readonly olderThan: string
}

export default function ActDialog({ act, campaign, phases, onClose, onDone }: ActDialogProps) {
  const [reason, explain] = useState('')
  const [chosen, choose] = useState<Again>({ phase: act.phase, scope: undefined, olderThan: '' })
  const isRerun = act.kind === 'rerun'
  const run = runOf(phases, chosen.phase)
  const again: Again = { ...chosen, scope: chosen.scope ?? (run && scopesOf(run)[0]) }
  const sentences = isRerun && run && again.scope ? rerunConsequences(run, again.scope, phases) : act.consequences

  const confirm = async (): Promise<void> => {
    try {
      await carryOut(act, campaign, reason, again)
    } catch (error) {
      if (!(error instanceof PreconditionFailed)) throw error
      await carryOut(act, await unmoved(campaign.id, phases), reason, again)
    } finally {
      onDone()
    }
    if (act.kind === 'delete') navigate('/')
  }

  return (
    <Dialog
      title={titleOf(act, campaign)}
      confirm={isRerun ? 'Run again' : act.label}
      isDangerous={act.kind === 'delete' || act.kind === 'cancel'}
      canConfirm={again.scope !== 'olderThan' || again.olderThan !== ''}
      onConfirm={confirm}
      onClose={onClose}
    >
      {isRerun && run && <AgainFields again={again} run={run} phases={phases} onChange={choose} />}
      {sentences.map((each) => (
        <p key={each}>{each}</p>
      ))}
      {act.kind === 'start' && <Estimate campaignId={campaign.id} phases={phasesStarted(act, campaign)} />}
      {act.kind !== 'delete' && <Reason reason={reason} onChange={explain} />}
    </Dialog>
  )
}

/** The phase, and those that it would start in its turn. */
function phasesStarted(act: Act, { configuration }: Campaign): readonly CampaignPhase[] {
  const following = PHASES.slice(PHASES.indexOf(act.phase))
  return configuration.advance === 'automatic' ? following : following.slice(0, 1)
}

function titleOf(act: Act, campaign: Campaign): string {
  if (act.kind === 'rerun') return 'Run a phase again'
  if (act.kind === 'delete') return `Delete “${campaign.name}”?`
  return act.kind === 'start' ? `${act.label}?` : `${act.label} ${innerName(act.phase)}?`
}

/** The campaign as it is now, if it stands where it was seen: then what was agreed to is still what is meant. */
async function unmoved(campaignId: string, seen: Phases): Promise<Campaign> {
  const now = await client.campaigns.getCampaign({ path: { campaignId } })
  if (now.currentPhase === seen.currentPhase && now.phaseStatus === seen.phaseStatus) return now
  throw new PhaselineError('moved', 'The campaign has moved meanwhile. Look where it stands, and confirm once more.')
}

/** What was agreed to is done to what was seen: had it moved, it is refused. Pausing and deleting mean any state. */
async function carryOut(act: Act, campaign: Campaign, reason: string, again: Again): Promise<void> {
  const path = { campaignId: campaign.id }
  const headers = { 'If-Match': `"${campaign.version}"` }
  const { campaigns } = client
  switch (act.kind) {
    case 'start':
      await campaigns.transitionCampaign({ path, headers, body: { targetPhase: act.phase, transitionReason: reason } })
      return
    case 'rerun':
      await campaigns.transitionCampaign({ path, headers, body: rerunBody(again, reason) })
      return
    case 'pause':
      await campaigns.pauseCampaign({ path, body: { reason } })
      return
    case 'resume':
      await campaigns.resumeCampaign({ path, headers, body: { reason } })
      return
    case 'cancel':
      await campaigns.cancelCampaign({ path, headers, body: { reason } })
      return
    case 'retry':
      await campaigns.retryCampaign({ path, headers, body: { reason } })
      return
    case 'delete':
      await campaigns.deleteCampaign({ path })
  }
}

function rerunBody({ phase, scope, olderThan }: Again, reason: string) {
  const instant = scope === 'olderThan' ? { olderThan: new Date(olderThan).toISOString() } : {}
  return { targetPhase: phase, transitionReason: reason, rerun: { scope: scope as RerunScope, ...instant } }
}

function Reason({ reason, onChange }: { readonly reason: string; readonly onChange: (reason: string) => void }) {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>Why (for the audit trail; may stay empty)</label>
      <input
        id={id}
        className="input"
        maxLength={REASON_LENGTH_MAX}
        value={reason}
        onChange={(event) => onChange(event.target.value)}
      />
    </div>
  )
}

interface AgainFieldsProps {
  readonly again: Again
  readonly run: PhaseRun
  readonly phases: Phases
  readonly onChange: (again: Again) => void
}

function AgainFields({ again, run, phases, onChange }: AgainFieldsProps) {
  const [phaseId, instantId, scopeName] = [useId(), useId(), useId()]
  return (
    <>
      <div className="field">
        <label htmlFor={phaseId}>Which phase</label>
        <select
          id={phaseId}
          className="select"
          value={again.phase}
          onChange={(event) => onChange({ ...again, phase: event.target.value as CampaignPhase, scope: undefined })}
        >
          {repeatable(phases).map((phase) => (
            <option key={phase} value={phase}>
              {phaseName(phase)}
            </option>
          ))}
        </select>
      </div>
      <fieldset className="scopes">
        <legend className="label">What is done again</legend>
        {scopesOf(run).map((scope) => (
          <label key={scope}>
            <input
              type="radio"
              name={scopeName}
              checked={again.scope === scope}
              onChange={() => onChange({ ...again, scope })}
            />
            {SCOPE_NAMES[scope]}
          </label>
        ))}
      </fieldset>
      {again.scope === 'olderThan' && (
        <div className="field">
          <label htmlFor={instantId}>Older than</label>
          <input
            id={instantId}
            className="input"
            type="datetime-local"
            required
            value={again.olderThan}
            onChange={(event) => onChange({ ...again, olderThan: event.target.value })}
          />
        </div>
      )}
    </>
  )
}
