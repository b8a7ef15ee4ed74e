/** What became of a list: every line is accounted for. */
import type { ImportReceipt } from 'phaseline-client'
import { countText } from '../words/numbers'
import { wordsOf } from '../words/phases'
import { rejectMeaning } from '../words/rejects'

const REJECTS_SHOWN = 10

interface ReceiptProps {
  readonly campaignId: string
  readonly receipt: ImportReceipt
}

export function Receipt({ campaignId, receipt }: ReceiptProps) {
  const { linesRead, accepted, duplicates, rejectedCount, skipped, rejects, notes } = receipt
  const changed = Object.entries(notes).filter(([, count]) => count > 0)
  return (
    <div className="receipt" role="status">
      <dl className="receipt-counts">
        <Count name="Names taken" count={accepted} isMain />
        <Count name="Lines read" count={linesRead} />
        <Count name="Twice" count={duplicates} />
        <Count name="No name" count={rejectedCount} />
        <Count name="Blank or comment" count={skipped} />
      </dl>
      {changed.length > 0 && (
        <p className="note">
          {changed.map(([note, count]) => `${wordsOf(note)}: ${countText(count)}`).join(' · ')}
        </p>
      )}
      {rejects.length > 0 && (
        <>
          <ul className="rejects">
            {rejects.slice(0, REJECTS_SHOWN).map(({ line, text, reason }) => (
              <li key={line}>
                <span className="faint">line {countText(line)}</span>
                <code className="cut" title={text}>
                  {text}
                </code>
                <span className="soft">{rejectMeaning(reason)}</span>
              </li>
            ))}
          </ul>
          <p>
            <a href={`/campaigns/${campaignId}/domains/import/${receipt.importId}/rejects`} download="rejects.ndjson">
              Save all {countText(rejectedCount)} rejected lines
            </a>
          </p>
        </>
      )}
    </div>
  )
}

function Count({ name, count, isMain }: { readonly name: string; readonly count: number; readonly isMain?: boolean }) {
  return (
    <div data-main={isMain}>
      <dt>{name}</dt>
      <dd>{countText(count)}</dd>
    </div>
  )
}
