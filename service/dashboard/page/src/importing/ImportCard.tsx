/** Brings a list of names into a campaign that has not begun: dropped or chosen, sent, and told what became of it. */
import './importing.css'
import { type ImportReceipt, Refused } from 'phaseline-client'
import { type ChangeEvent, type DragEvent, useEffect, useId, useRef, useState } from 'react'
import { useAnswer } from '../asking/useAnswer'
import { TextField } from '../parts/fields'
import { Trouble } from '../parts/Told'
import { client } from '../session/client'
import { asked } from '../session/session'
import { bytesText, countText, percentText } from '../words/numbers'
import { wholeInstantText } from '../words/times'
import { Receipt } from './Receipt'
import { kindOf, upload } from './upload'

type State =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'sending'; readonly file: File; readonly sent: number }
  | { readonly kind: 'done'; readonly receipt: ImportReceipt }
  | { readonly kind: 'failed'; readonly error: unknown }

export default function ImportCard({ campaignId, onDone }: { readonly campaignId: string; readonly onDone: () => void }) {
  const [state, become] = useState<State>({ kind: 'waiting' })
  const [column, setColumn] = useState('')
  const [turns, turn] = useState(0)
  const stop = useRef<AbortController>(undefined)
  useEffect(() => () => stop.current?.abort(), [])

  const send = (file: File | undefined): void => {
    if (file === undefined || state.kind === 'sending') return
    const { signal } = (stop.current = new AbortController())
    become({ kind: 'sending', file, sent: 0 })
    const onSent = (sent: number): void => become({ kind: 'sending', file, sent })
    asked(upload({ campaignId, file, column, onSent, signal })).then(
      (receipt) => {
        become({ kind: 'done', receipt })
        turn((count) => count + 1)
        onDone()
      },
      (error: unknown) => become(signal.aborted ? { kind: 'waiting' } : { kind: 'failed', error }),
    )
  }

  return (
    <section className="card panel" aria-labelledby="import-title">
      <h2 id="import-title">Bring names in</h2>
      {state.kind === 'sending' ? (
        <Sending state={state} onStop={() => stop.current?.abort()} />
      ) : (
        <DropZone onFile={send} column={column} onColumn={setColumn} />
      )}
      {state.kind === 'failed' && <Trouble error={state.error} />}
      {state.kind === 'failed' && !(state.error instanceof Refused) && (
        <p className="note">A list that did not arrive whole leaves nothing behind; send it again.</p>
      )}
      {state.kind === 'done' && <Receipt campaignId={campaignId} receipt={state.receipt} />}
      <EarlierImports campaignId={campaignId} turns={turns} />
    </section>
  )
}

interface DropZoneProps {
  readonly onFile: (file: File | undefined) => void
  readonly column: string
  readonly onColumn: (column: string) => void
}

function DropZone({ onFile, column, onColumn }: DropZoneProps) {
  const id = useId()
  const [isOver, hover] = useState(false)
  const over = (event: DragEvent): void => {
    event.preventDefault()
    hover(true)
  }
  const drop = (event: DragEvent): void => {
    event.preventDefault()
    hover(false)
    onFile(event.dataTransfer.files[0])
  }
  const choose = (event: ChangeEvent<HTMLInputElement>): void => {
    onFile(event.target.files?.[0])
    event.target.value = '' // so that the same file can be chosen again
  }
  return (
    <>
      <div className="drop" data-over={isOver} onDragOver={over} onDragLeave={() => hover(false)} onDrop={drop}>
        <p>
          Drop a list here, or{' '}
          <label htmlFor={id} className="drop-choose">
            choose a file
          </label>
          <input id={id} className="hidden-text" type="file" accept=".txt,.csv,.ndjson,.jsonl,.gz" onChange={choose} />
        </p>
        <p className="note">
          One name a line, CSV or NDJSON, also with gzip. URLs and capitals are made into names; nothing is there before
          the list is whole.
        </p>
      </div>
      <TextField
        label="In CSV the column, in NDJSON the field with the names"
        value={column}
        placeholder="domain"
        hint="May stay empty: then the header says it, or the first column is taken."
        onChange={onColumn}
      />
    </>
  )
}

interface SendingProps {
  readonly state: Extract<State, { kind: 'sending' }>
  readonly onStop: () => void
}

function Sending({ state: { file, sent }, onStop }: SendingProps) {
  const percent = file.size > 0 ? (100 * sent) / file.size : 100
  const isSent = sent >= file.size
  return (
    <div className="sending" role="status">
      <p className="cut" title={file.name}>
        {file.name}
        <span className="soft"> {kindOf(file.name).mediaType}</span>
      </p>
      <div
        className="bar"
        data-status="running"
        role="progressbar"
        aria-label={`Sending ${file.name}`}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.floor(percent)}
      >
        <div style={{ transform: `scaleX(${percent / 100})` }} />
      </div>
      <p className="sending-line">
        <span>
          {bytesText(sent)} of {bytesText(file.size)}
        </span>
        <span className="soft">{isSent ? 'Sent; the server makes names of it …' : percentText(percent)}</span>
      </p>
      <button type="button" className="button" onClick={onStop}>
        Call it off
      </button>
    </div>
  )
}

function EarlierImports({ campaignId, turns }: { readonly campaignId: string; readonly turns: number }) {
  const { data } = useAnswer(
    (signal) => client.domains.listImports({ path: { campaignId }, signal }),
    [campaignId],
    turns,
  )
  if (data === undefined || data.items.length === 0) return null
  return (
    <div>
      <h3 className="label">Brought in until now</h3>
      <ul>
        {data.items.map((each) => (
          <li key={each.importId} className="soft">
            {wholeInstantText(each.startedAt)}: {countText(each.accepted)} names of {countText(each.linesRead)} lines
            {each.state === 'running' && ', under way'}
          </li>
        ))}
      </ul>
    </div>
  )
}
