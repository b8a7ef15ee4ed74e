/** What a score is made of. */
import type { ScoreParts } from 'phaseline-client'
import { COMPONENTS } from '../words/score'

type Name = keyof typeof COMPONENTS

function partsOf({ components }: ScoreParts) {
  return (Object.keys(COMPONENTS) as Name[]).map((name) => ({ name, ...components[name] }))
}

/** All contributions side by side; its whole width is a score of 1. */
export function PartsBar({ parts }: { readonly parts: ScoreParts }) {
  return (
    <span className="parts-bar" aria-hidden="true">
      {partsOf(parts)
        .filter(({ contribution }) => contribution > 0)
        .map(({ name, contribution }) => (
          <span
            key={name}
            data-part={name}
            style={{ width: `${100 * contribution}%` }}
            title={`${COMPONENTS[name]}: ${contribution.toFixed(3)}`}
          />
        ))}
    </span>
  )
}

export function PartsTable({ parts }: { readonly parts: ScoreParts }) {
  return (
    <table className="parts-table">
      <caption className="hidden-text">What the score is made of</caption>
      <thead>
        <tr>
          <th scope="col">Part</th>
          <th scope="col">Value</th>
          <th scope="col">Weight</th>
          <th scope="col">Adds</th>
        </tr>
      </thead>
      <tbody>
        {partsOf(parts).map(({ name, value, weight, contribution }) => (
          <tr key={name}>
            <th scope="row">
              <i data-part={name} /> {COMPONENTS[name]}
            </th>
            <td>{value.toFixed(2)}</td>
            <td>{weight.toFixed(2)}</td>
            <td>{contribution.toFixed(3)}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">{parts.factor === 1 ? 'Score' : `Score, times ${parts.factor} since it may be parked`}</th>
          <td />
          <td />
          <td>{parts.score.toFixed(3)}</td>
        </tr>
      </tfoot>
    </table>
  )
}
