/** What became of the domains in each phase: every outcome that occurred, the most frequent first. */
import type { CampaignPhase, PhaseRun, Phases } from 'phaseline-client'
import { useState } from 'react'
import { Link } from '../app/Link'
import { countText, percentText } from '../words/numbers'
import { outcomeOf } from '../words/outcomes'
import { phaseName, shortPhaseName, wordsOf } from '../words/phases'
import { runOf } from './phases'

interface OutcomesProps {
  readonly campaignId: string
  readonly phases: Phases
}

export function Outcomes({ campaignId, phases }: OutcomesProps) {
  const [chosen, choose] = useState<CampaignPhase>()
  const begun = phases.phases.filter((run) => run.number > 0)
  const shown = chosen ?? begun.findLast((run) => run.processed > 0)?.phase ?? phases.currentPhase
  const run = runOf(phases, shown)
  return (
    <section className="card panel" aria-labelledby="outcomes-title">
      <div className="panel-head">
        <h2 id="outcomes-title">Outcomes</h2>
        {begun.length > 1 && (
          <div className="switch" role="group" aria-label="Of which phase">
            {begun.map(({ phase }) => (
              <button key={phase} type="button" aria-pressed={phase === shown} onClick={() => choose(phase)}>
                {shortPhaseName(phase)}
              </button>
            ))}
          </div>
        )}
      </div>
      {run && run.number > 0 ? (
        <OutcomeList campaignId={campaignId} run={run} />
      ) : (
        <p className="soft">No domain has an outcome before {phaseName(shown)} is started.</p>
      )}
    </section>
  )
}

// How the table of domains is narrowed to an outcome of a phase; of generation, all that are there were generated.
const FILTERS: Readonly<Record<string, string>> = {
  dns_validation: 'dns',
  http_validation: 'http',
  analysis: 'verdict',
}

function OutcomeList({ campaignId, run }: { readonly campaignId: string; readonly run: PhaseRun }) {
  const found = Object.entries(run.outcomes)
    .filter(([, count]) => count > 0)
    .sort(([, one], [, other]) => other - one)
  const all = found.reduce((sum, [, count]) => sum + count, 0)
  const filter = FILTERS[run.phase]
  if (all === 0) return <p className="soft">No domain has an outcome yet.</p>
  return (
    <ul className="outcomes">
      {found.map(([word, count]) => {
        const { kind, meaning } = outcomeOf(run.phase, word)
        return (
          <li key={word} data-kind={kind} title={meaning}>
            <span>
              {filter ? (
                <Link to={`/campaigns/${campaignId}/domains?${filter}=${word}`}>{wordsOf(word)}</Link>
              ) : (
                wordsOf(word)
              )}
            </span>
            <span className="funnel-track">
              <span className="funnel-bar" style={{ transform: `scaleX(${count / all})` }} />
            </span>
            <span className="funnel-count">{countText(count)}</span>
            <span className="funnel-share soft">{percentText((100 * count) / all)}</span>
          </li>
        )
      })}
    </ul>
  )
}
