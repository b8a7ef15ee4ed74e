/** Why the campaign moves, or why it does not. */
import type { Explanation } from 'phaseline-client'
import type { Asking } from '../asking/useAnswer'
import { Sentence } from '../parts/Sentence'
import { Trouble } from '../parts/Told'

export function Why({ asking }: { readonly asking: Asking<Explanation> }) {
  const { data, error } = asking
  return (
    <section className="card panel why" aria-labelledby="why-title">
      <h2 id="why-title">{data?.moving === false ? 'Why it does not move' : 'Why it moves'}</h2>
      {data === undefined && error !== undefined && <Trouble error={error} onAgain={asking.askAgain} />}
      {data === undefined && error === undefined && <span className="bone" style={{ width: '80%' }} />}
      <ul>
        {data?.observations.map(({ code, message }) => (
          <li key={code}>
            <Sentence>{message}</Sentence>
          </li>
        ))}
      </ul>
    </section>
  )
}
