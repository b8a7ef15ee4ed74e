/** Who did what, newest first, besides the transitions of campaigns, which stand in each one's audit trail. */
import type { RecordedAct } from 'phaseline-client'
import { usePages } from '../asking/usePages'
import { Heading } from '../app/Heading'
import { Link } from '../app/Link'
import { type Column, Table, TableComing } from '../parts/Table'
import { Told, Trouble } from '../parts/Told'
import { client } from '../session/client'
import { wordsOf } from '../words/phases'
import { wholeInstantText } from '../words/times'

const PAGE_ITEMS = 50

const COLUMNS: readonly Column<RecordedAct>[] = [
  { name: 'When', cell: ({ occurredAt }) => wholeInstantText(occurredAt) },
  { name: 'Who', cell: ({ actor }) => actor },
  { name: 'What', cell: ({ act }) => wordsOf(act) },
  { name: 'To what', cell: (recorded) => <Target recorded={recorded} /> },
]

export default function ActsPage() {
  const { items, error, isBegun, isAsking, hasMore, more, fromTheTop } = usePages<RecordedAct>(
    (cursor, signal) => client.access.listActs({ query: { cursor, limit: PAGE_ITEMS }, signal }),
    [],
  )
  return (
    <>
      <div className="page-head">
        <Heading>Acts</Heading>
      </div>
      {error !== undefined && <Trouble error={error} onAgain={fromTheTop} />}
      {!isBegun && error === undefined && <TableComing />}
      {isBegun && items.length === 0 && <Told title="Nothing was done yet" />}
      {items.length > 0 && (
        <Table
          label="Acts"
          columns={COLUMNS}
          rows={items}
          keyOf={({ occurredAt, act, target }) => `${occurredAt} ${act} ${target}`}
        />
      )}
      {hasMore && (
        <button type="button" className="button more" aria-busy={isAsking} onClick={more}>
          Show older acts
        </button>
      )}
    </>
  )
}

function Target({ recorded: { act, target, detail } }: { readonly recorded: RecordedAct }) {
  const name = detail.name ?? target
  const scopes = detail.scopes?.join(', ')
  return (
    <>
      {act === 'campaign_created' ? <Link to={`/campaigns/${target}`}>{name}</Link> : name}
      {scopes && <span className="soft"> may {scopes}</span>}
      {detail.expiresAt && <span className="soft"> until {wholeInstantText(detail.expiresAt)}</span>}
    </>
  )
}
