/** Where the phases of a campaign stand: what HTTP told, with the newest word of the websocket. Pure. */
import type { CampaignPhase, CampaignProgress, PhaseRun, Phases, Transition } from 'phaseline-client'
import { inWords } from '../words/phases'

export function withNews(phases: Phases, news: CampaignProgress | undefined): Phases {
  if (news === undefined) return phases
  const isElsewhere = news.phase !== phases.currentPhase || news.phaseStatus !== phases.phaseStatus
  return {
    ...phases,
    currentPhase: news.phase,
    phaseStatus: news.phaseStatus,
    // What may follow is asked for anew; until then nothing is offered that may be over.
    availableTransitions: isElsewhere ? [] : phases.availableTransitions,
    phases: phases.phases.map((run) => (run.phase === news.phase ? runWithNews(run, news) : run)),
  }
}

function runWithNews(run: PhaseRun, news: CampaignProgress): PhaseRun {
  const { phaseStatus, progress, processed, total, succeeded, negative, failed, ratePerSecond, etaSeconds } = news
  if (phaseStatus === 'pending') return run
  return { ...run, phaseStatus, progress, processed, total, succeeded, negative, failed, ratePerSecond, etaSeconds }
}

// Commands that are written down, and leave the phase where it is.
const UNMOVING: ReadonlySet<string> = new Set(['update', 'import'])

/** Who or what brought a phase to where it stands; of a completed one, what started it. */
export function causeOf(run: PhaseRun, transitions: readonly Transition[]): Transition | undefined {
  const wanted = run.phaseStatus === 'completed' ? 'running' : run.phaseStatus
  if (wanted === 'pending') return undefined
  return transitions.find(
    (each) => each.toPhase === run.phase && each.toPhaseStatus === wanted && !UNMOVING.has(each.command),
  )
}

/** How long a run took, or has been under way, in seconds; undefined where it never started. */
export function secondsOf(run: PhaseRun, now: number): number | undefined {
  if (run.startedAt === null) return undefined
  const end = run.finishedAt === null ? now : Date.parse(run.finishedAt)
  return Math.max(0, (end - Date.parse(run.startedAt)) / 1000)
}

export function runOf(phases: Phases, phase: CampaignPhase): PhaseRun | undefined {
  return phases.phases.find((each) => each.phase === phase)
}

/** Why, as whoever did it wrote it, or as the server says it. */
export function reasonOf({ cause, reason }: Transition): string {
  return cause === 'user' ? reason : reason && inWords(reason)
}
