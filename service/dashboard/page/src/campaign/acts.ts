/**
 * What can be done to a campaign as it stands, and what will happen then. Pure: the server decides in the end, by the
 * same table (`service/campaigns/rules.py`).
 */
import type { Campaign, CampaignPhase, PhaseRun, Phases } from 'phaseline-client'
import { countText } from '../words/numbers'
import { innerName, PHASES, phaseName } from '../words/phases'

export type ActKind = 'start' | 'pause' | 'resume' | 'cancel' | 'retry' | 'rerun' | 'delete'

export interface Act {
  readonly kind: ActKind
  readonly phase: CampaignPhase
  readonly label: string
  /** What will happen; one paragraph each. */
  readonly consequences: readonly string[]
}

/** The first one is what is most likely wanted. */
export function actsFor(campaign: Campaign, phases: Phases): readonly Act[] {
  const phase = phases.currentPhase
  const run = phases.phases.find((each) => each.phase === phase)
  if (run === undefined) return []
  switch (phases.phaseStatus) {
    case 'pending':
      return [start(campaign, phase), cancel(run)]
    case 'running':
      return [pause(run), cancel(run)]
    case 'paused':
      return [resume(run), cancel(run)]
    case 'completed':
      return [...phases.availableTransitions.map((next) => start(campaign, next)), ...retryFailed(run), ...rerun(phases)]
    case 'failed':
      return [retryUnfinished(run), ...rerun(phases), cancel(run)]
    case 'cancelled':
      return [run.number ? retryUnfinished(run) : start(campaign, phase, 'retry'), ...rerun(phases)]
  }
}

function start(campaign: Campaign, phase: CampaignPhase, kind: ActKind = 'start'): Act {
  const isLast = phase === PHASES.at(-1)
  const after =
    campaign.configuration.advance === 'automatic'
      ? 'Each phase that completes starts the next one by itself.'
      : 'When it is completed, the campaign waits for you to start the next phase.'
  return {
    kind,
    phase,
    label: `Start ${innerName(phase)}`,
    consequences: [
      `${phaseName(phase)} starts with the configuration as it is now; what is changed later counts for the next run.`,
      ...(isLast ? [] : [after]),
    ],
  }
}

function pause({ phase }: PhaseRun): Act {
  return {
    kind: 'pause',
    phase,
    label: 'Pause',
    consequences: [
      `${phaseName(phase)} stops within ten seconds or so. What is done stays, what is under way goes back and waits.`,
      'Nothing is lost and nothing is asked twice; resume it whenever you like.',
    ],
  }
}

function resume(run: PhaseRun): Act {
  return {
    kind: 'resume',
    phase: run.phase,
    label: 'Resume',
    consequences: [`${phaseName(run.phase)} goes on where it stood: ${leftOf(run)} are left.`],
  }
}

function cancel({ phase }: PhaseRun): Act {
  return {
    kind: 'cancel',
    phase,
    label: 'Cancel',
    consequences: [
      `${phaseName(phase)} ends as cancelled, and no later phase starts. What was found until now stays.`,
      'It can be taken up again with Retry, which goes on with what is unfinished.',
    ],
  }
}

function retryFailed(run: PhaseRun): readonly Act[] {
  if (run.failed === 0) return []
  return [
    {
      kind: 'retry',
      phase: run.phase,
      label: 'Retry failed',
      consequences: [
        `The ${countText(run.failed)} domains of ${innerName(run.phase)} that failed are asked again, and their new outcomes take the place of the old.`,
        'All other outcomes stay as they are.',
      ],
    },
  ]
}

function retryUnfinished(run: PhaseRun): Act {
  const failed = run.phaseStatus === 'failed' && run.failed > 0
  return {
    kind: 'retry',
    phase: run.phase,
    label: 'Retry',
    consequences: [
      `${phaseName(run.phase)} goes on with what is unfinished: ${leftOf(run)}.`,
      ...(failed ? [`The ${countText(run.failed)} that failed are asked again, too.`] : []),
    ],
  }
}

/** What will happen depends on what is chosen then. */
function rerun(phases: Phases): readonly Act[] {
  const [latest] = repeatable(phases)
  return latest ? [{ kind: 'rerun', phase: latest, label: 'Run again…', consequences: [] }] : []
}

export function deletion(campaign: Campaign): Act {
  return {
    kind: 'delete',
    phase: campaign.currentPhase,
    label: 'Delete',
    consequences: [
      'The campaign is gone at once, for everybody, whatever it is doing. Its domains, their results and its audit trail are removed in the background.',
      'This cannot be undone.',
    ],
  }
}

function leftOf(run: PhaseRun): string {
  return `${countText(Math.max(0, run.total - run.processed))} of ${countText(run.total)} domains`
}

// Running again

export type Scope = 'failed' | 'all' | 'olderThan'

/** The phases that can be run again, the latest first: the present one, and those that lie behind it. */
export function repeatable(phases: Phases): readonly CampaignPhase[] {
  const here = PHASES.indexOf(phases.currentPhase)
  return phases.phases
    .filter((run) => run.number > 0 && PHASES.indexOf(run.phase) <= here && scopesOf(run).length > 0)
    .map((run) => run.phase)
    .reverse()
}

/** Generated names never change; only what failed of them can be made again. */
export function scopesOf(run: PhaseRun): readonly Scope[] {
  const anew: readonly Scope[] = run.phase === 'domain_generation' ? [] : ['all', 'olderThan']
  return run.failed > 0 ? ['failed', ...anew] : anew
}

export const SCOPE_NAMES: Readonly<Record<Scope, string>> = {
  failed: 'What failed',
  all: 'Everything',
  olderThan: 'What is older than …',
}

export function rerunConsequences(run: PhaseRun, scope: Scope, phases: Phases): readonly string[] {
  const { phase } = run
  const later = PHASES.slice(PHASES.indexOf(phase) + 1).filter((each) =>
    phases.phases.some((other) => other.phase === each && other.number > 0),
  )
  const stale = later.length
    ? [`The results of ${later.map(innerName).join(', ')} are kept, and count as stale until those phases are run again.`]
    : []
  const first: Readonly<Record<Scope, string>> = {
    failed: `The ${countText(run.failed)} domains of ${innerName(phase)} that failed are asked again, and their new outcomes take the place of the old.`,
    all: `All domains of ${innerName(phase)} are done anew. The present results are shown until that is complete, and then replaced as a whole.`,
    olderThan: `Only what ${innerName(phase)} found before that instant is done anew; the rest is taken over as it is.`,
  }
  return [first[scope], ...stale]
}
