/** Who or what moved the campaign, newest first. */
import type { Transition } from 'phaseline-client'
import type { Pages } from '../asking/usePages'
import { StatusMark } from '../parts/StatusMark'
import { Trouble } from '../parts/Told'
import { phaseName, wordsOf } from '../words/phases'
import { instantText, wholeInstantText } from '../words/times'
import { reasonOf } from './phases'

const COMMANDS: Readonly<Record<string, string>> = {
  transition: 'Started',
  advance: 'Started',
  pause: 'Paused',
  resume: 'Resumed',
  cancel: 'Cancelled',
  retry: 'Taken up again',
  complete: 'Completed',
  fail: 'Ended',
  update: 'Changed',
  import: 'Names brought in',
}

export function Audit({ transitions }: { readonly transitions: Pages<Transition> }) {
  const { items, error, isBegun, hasMore, isAsking, more, fromTheTop } = transitions
  return (
    <section className="card panel" aria-labelledby="audit-title">
      <h2 id="audit-title">Audit trail</h2>
      {error !== undefined && <Trouble error={error} onAgain={fromTheTop} />}
      {isBegun && items.length === 0 && <p className="soft">Nothing was done to it since it was created.</p>}
      <ol className="audit">
        {items.map((each) => (
          <Entry key={each.id} entry={each} />
        ))}
      </ol>
      {hasMore && (
        <button type="button" className="button audit-more" aria-busy={isAsking} onClick={more}>
          Show older entries
        </button>
      )}
    </section>
  )
}

function Entry({ entry }: { readonly entry: Transition }) {
  const isSamePhase = entry.fromPhase === entry.toPhase
  return (
    <li>
      <time className="faint" dateTime={entry.at} title={wholeInstantText(entry.at)}>
        {instantText(entry.at)}
      </time>
      <span className="audit-what">
        {!isSamePhase && <span className="soft">{phaseName(entry.fromPhase)} → </span>}
        {phaseName(entry.toPhase)}
      </span>
      <StatusMark status={entry.toPhaseStatus} />
      <span className="audit-who">
        {COMMANDS[entry.command] ?? wordsOf(entry.command)} {entry.cause === 'user' ? `by ${entry.actor}` : 'by itself'}
      </span>
      <span className="audit-why soft">{reasonOf(entry)}</span>
    </li>
  )
}
