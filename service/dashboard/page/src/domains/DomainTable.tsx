/** Rows of domains, as many as there are: those in sight are drawn, and those that come next are asked for. */
import './domains.css'
import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react'
import { useStore } from '../app/store'
import { Told, Trouble } from '../parts/Told'
import { asked } from '../session/session'
import { countText } from '../words/numbers'
import { Book, type BookState, ROWS_MAX, type RowPage } from './book'
import { DomainRow, type Row } from './DomainRow'
import { DomainSheet } from './DomainSheet'

const ROW_HEIGHT = 36
const ROW_HEIGHT_NARROW = 56
const NARROW = '(max-width: 52rem)'
const AHEAD = 60 // rows before the end, from which on the next page is asked for

interface DomainTableProps {
  /** What is asked for; another begins at the top. */
  readonly about: string
  readonly ask: (cursor: string | undefined, signal: AbortSignal) => Promise<RowPage<Row>>
  readonly isNarrowed: boolean
  readonly emptyText: string
}

export function DomainTable({ about, ask, isNarrowed, emptyText }: DomainTableProps) {
  const [times, again] = useState(0)
  const book = useMemo(() => new Book<Row>((cursor, signal) => asked(ask(cursor, signal))), [about, times])
  const state = useStore(book.state)
  const [shown, show] = useState<Row>()
  const [focused, focus] = useState(0)
  const isNarrow = useMemo(() => matchMedia(NARROW).matches, [])
  const rowHeight = isNarrow ? ROW_HEIGHT_NARROW : ROW_HEIGHT
  const scroller = useRef<HTMLDivElement>(null)
  const rows = useVirtualizer({
    count: state.rowCount,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
  })
  const drawn = rows.getVirtualItems()
  const last = drawn.at(-1)?.index ?? -1

  useEffect(() => {
    scroller.current?.scrollTo(0, 0)
    book.more()
    return () => book.close()
  }, [book])
  useEffect(() => {
    if (last >= state.rowCount - AHEAD) book.more()
  }, [book, last, state.rowCount])

  const move = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15 }[event.key]
    if (step === undefined) return
    event.preventDefault()
    const to = Math.max(0, Math.min(state.rowCount - 1, focused + step))
    focus(to)
    rows.scrollToIndex(to)
    requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-row="${to}"] button`)?.focus())
  }

  if (state.isWhole && state.rowCount === 0)
    return (
      <div className="card">
        <Told title="No domains">{emptyText}</Told>
      </div>
    )
  return (
    <>
      <div className="card domains">
        <div className="domains-table" role="table" aria-label="Domains" aria-rowcount={state.isWhole ? state.rowCount : -1}>
          <Head />
          {state.rowCount > 0 && (
            <div ref={scroller} className="domains-scroller" role="rowgroup" onKeyDown={move}>
              <div className="domains-rows" style={{ height: rows.getTotalSize() }}>
                {drawn.map(({ index, start }) => (
                  <DomainRow
                    key={index}
                    row={book.rowAt(index)}
                    index={index}
                    top={start}
                    height={rowHeight}
                    isReachable={index === focused}
                    onOpen={show}
                    onFocus={focus}
                  />
                ))}
              </div>
            </div>
          )}
        </div>
        {state.rowCount === 0 && <Coming inspected={state.inspected} isAsking={state.isAsking} />}
        <Foot state={state} isNarrowed={isNarrowed} onGoOn={() => book.goOn()} onAgain={() => again(times + 1)} />
      </div>
      {shown && <DomainSheet row={shown} onClose={() => show(undefined)} />}
    </>
  )
}

function Head() {
  return (
    <div role="rowgroup" className="domains-head">
      <div role="row" className="domain-row">
        <span role="columnheader">Domain</span>
        <span role="columnheader">DNS</span>
        <span role="columnheader">HTTP</span>
        <span role="columnheader">Title</span>
        <span role="columnheader">Keywords</span>
        <span role="columnheader" className="right">
          Score
        </span>
        <span role="columnheader">Verdict</span>
      </div>
    </div>
  )
}

function Coming({ inspected, isAsking }: Pick<BookState, 'inspected' | 'isAsking'>) {
  return (
    <div className="domains-coming" role="status">
      {inspected > 0 && <p className="soft">None yet among {countText(inspected)} domains …</p>}
      {inspected === 0 &&
        isAsking &&
        [52, 44, 60, 48, 57, 41, 55, 49].map((width) => (
          <span key={width} className="bone" style={{ width: `${width}%` }} aria-hidden="true" />
        ))}
    </div>
  )
}

interface FootProps {
  readonly state: BookState
  readonly isNarrowed: boolean
  readonly onGoOn: () => void
  readonly onAgain: () => void
}

function Foot({ state, isNarrowed, onGoOn, onAgain }: FootProps) {
  const { rowCount, inspected, isWhole, isAsking, isTired, error } = state
  const looked = isNarrowed && inspected > rowCount ? ` among ${countText(inspected)} looked at` : ''
  return (
    <div className="domains-foot">
      {error !== undefined && <Trouble error={error} onAgain={rowCount === 0 ? onAgain : onGoOn} />}
      <p className="small soft" role="status">
        {(error === undefined || rowCount > 0) && `${countText(rowCount)} domains${looked}`}
        {error === undefined && (isWhole ? '.' : isAsking ? ' …' : ', and more below.')}
        {rowCount >= ROWS_MAX && ' This is as far as the table goes: narrow it down, or save them as a file.'}
      </p>
      {isTired && (
        <button type="button" className="button" onClick={onGoOn}>
          Look further
        </button>
      )}
    </div>
  )
}
