/** What phases would take, as far as the server can say: a line for each, and what it warns of. */
import './estimate.css'
import type { CampaignPhase, PhaseEstimate } from 'phaseline-client'
import { Sentence } from '../parts/Sentence'
import { bytesText, countText, shortCount } from '../words/numbers'
import { phaseName, shortPhaseName } from '../words/phases'
import { durationText } from '../words/times'

interface EstimateTableProps {
  readonly phases: readonly CampaignPhase[]
  /** In the order of the phases; undefined while they are asked for. */
  readonly estimates: readonly PhaseEstimate[] | undefined
}

export function EstimateTable({ phases, estimates }: EstimateTableProps) {
  const warnings = new Set(estimates?.flatMap((each) => each.warnings.map(({ message }) => message)))
  return (
    <div className="estimate" aria-busy={estimates === undefined}>
      <table>
        <caption className="hidden-text">What it would take</caption>
        <thead>
          <tr>
            <th scope="col">Phase</th>
            <th scope="col">Domains</th>
            <th scope="col">Asks</th>
            <th scope="col">Time</th>
            <th scope="col">Disk</th>
          </tr>
        </thead>
        <tbody>
          {phases.map((phase, index) => (
            <EstimateRow key={phase} phase={phase} estimate={estimates?.[index]} />
          ))}
        </tbody>
      </table>
      {[...warnings].map((message) => (
        <p key={message} className="note">
          <Sentence>{message}</Sentence>
        </p>
      ))}
    </div>
  )
}

interface EstimateRowProps {
  readonly phase: CampaignPhase
  readonly estimate: PhaseEstimate | undefined
}

function EstimateRow({ phase, estimate }: EstimateRowProps) {
  const asks = estimate ? estimate.dnsQueries + estimate.httpRequests : 0
  return (
    <tr>
      <th scope="row" title={phaseName(phase)}>
        {shortPhaseName(phase)}
      </th>
      <td title={estimate && countText(estimate.names)}>
        {estimate && (estimate.namesKnown ? '' : '≤ ') + shortCount(estimate.names)}
      </td>
      <td title={countText(asks)}>{asks > 0 && shortCount(asks)}</td>
      <td>{estimate && (estimate.rateMeasured ? '' : '≈ ') + durationText(estimate.minutes * 60)}</td>
      <td>{estimate && bytesText(estimate.bytes)}</td>
    </tr>
  )
}
