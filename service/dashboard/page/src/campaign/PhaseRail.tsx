/** The phases of a campaign, one after the other: how far, how fast, and who or what brought each to where it stands. */
import type { PhaseRun, Phases, Transition } from 'phaseline-client'
import { Bar } from '../parts/Bar'
import { Sentence } from '../parts/Sentence'
import { StatusMark } from '../parts/StatusMark'
import { countText, percentText, rateText } from '../words/numbers'
import { phaseName } from '../words/phases'
import { durationText, wholeInstantText } from '../words/times'
import { causeOf, reasonOf, secondsOf } from './phases'

interface RailProps {
  readonly phases: Phases
  readonly transitions: readonly Transition[]
}

export function PhaseRail({ phases, transitions }: RailProps) {
  return (
    <ol className="card rail" aria-label="Phases">
      {phases.phases.map((run) => (
        <Stop
          key={run.phase}
          run={run}
          isCurrent={run.phase === phases.currentPhase}
          cause={causeOf(run, transitions)}
        />
      ))}
    </ol>
  )
}

interface StopProps {
  readonly run: PhaseRun
  readonly isCurrent: boolean
  readonly cause: Transition | undefined
}

function Stop({ run, isCurrent, cause }: StopProps) {
  const isWaiting = run.number === 0 && run.phaseStatus === 'pending'
  return (
    <li className="rail-phase" aria-current={isCurrent ? 'step' : undefined}>
      <div className="rail-line">
        <h2>{phaseName(run.phase)}</h2>
        <StatusMark status={run.phaseStatus} />
      </div>
      <Bar percent={isWaiting ? 0 : run.progress} status={run.phaseStatus} label={phaseName(run.phase)} />
      <div className="rail-line rail-counts">
        <span>{isWaiting ? '–' : `${countText(run.processed)} of ${countText(run.total)}`}</span>
        <span>{isWaiting ? '' : percentText(run.progress)}</span>
      </div>
      <div className="rail-line rail-counts soft">
        <span>{run.phaseStatus === 'running' && run.ratePerSecond > 0 ? rateText(run.ratePerSecond) : ''}</span>
        <span>{timeText(run)}</span>
      </div>
      {run.stale && <p className="note">Its results are from before an earlier phase was run again.</p>}
      {run.shortfall > 0 && (
        <p className="note">The pattern had {countText(run.shortfall)} names less than were asked for.</p>
      )}
      {run.error && <p className="note wrong"><Sentence>{run.error.message}</Sentence></p>}
      {cause && <Cause cause={cause} />}
    </li>
  )
}

function timeText(run: PhaseRun): string {
  if (run.phaseStatus === 'running') return run.etaSeconds === null ? '' : `${durationText(run.etaSeconds)} left`
  const seconds = run.finishedAt === null ? undefined : secondsOf(run, 0)
  return seconds === undefined ? '' : `took ${durationText(seconds)}`
}

function Cause({ cause }: { readonly cause: Transition }) {
  const who = cause.cause === 'user' ? `by ${cause.actor}` : 'by itself'
  return (
    <p className="rail-cause" title={wholeInstantText(cause.at)}>
      {VERBS[cause.toPhaseStatus]} {who}
      {cause.reason && <q>{reasonOf(cause)}</q>}
    </p>
  )
}

const VERBS: Readonly<Record<string, string>> = {
  running: 'Started',
  paused: 'Paused',
  failed: 'Ended',
  cancelled: 'Cancelled',
}
