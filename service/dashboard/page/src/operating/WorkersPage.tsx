/** The processes that do the work: how many chunks each holds, and how fast it is. */
import type { WorkerView } from 'phaseline-client'
import { useEffect, useState } from 'react'
import { useAnswer } from '../asking/useAnswer'
import { Heading } from '../app/Heading'
import { type Column, Table, TableComing } from '../parts/Table'
import { Told, Trouble } from '../parts/Told'
import { client } from '../session/client'
import { countText, rateText } from '../words/numbers'
import { durationText, wholeInstantText } from '../words/times'

// The websocket tells of campaigns alone: that a worker has died is found out by asking.
const LOOK_MILLISECONDS = 2_000

const COLUMNS: readonly Column<WorkerView>[] = [
  { name: 'Worker', cell: (worker) => <Standing worker={worker} /> },
  { name: 'Host', cell: ({ host, processId }) => `${host}, process ${processId}` },
  { name: 'Chunks held', cell: ({ chunksHeld }) => countText(chunksHeld), isNumber: true },
  { name: 'Rate', cell: ({ ratePerSecond }) => rateText(ratePerSecond), isNumber: true },
  { name: 'Version', cell: ({ version }) => version },
  { name: 'Since', cell: ({ startedAt }) => wholeInstantText(startedAt) },
  { name: 'Heard of', cell: ({ heartbeatAt }) => <Ago instant={heartbeatAt} /> },
]

export default function WorkersPage() {
  const turn = useTurns()
  const { data, error, askAgain } = useAnswer((signal) => client.workers.listWorkers({ signal }), [], turn)
  const live = data?.items.filter((worker) => worker.live) ?? []
  const held = live.reduce((sum, worker) => sum + worker.chunksHeld, 0)
  return (
    <>
      <div className="page-head">
        <Heading>Workers</Heading>
        <p className="soft">{data && `${countText(live.length)} alive, ${countText(held)} chunks held`}</p>
      </div>
      {error !== undefined && <Trouble error={error} onAgain={askAgain} />}
      {data === undefined && error === undefined && <TableComing />}
      {data && data.items.length > 0 && (
        <Table label="Workers" columns={COLUMNS} rows={data.items} keyOf={(worker) => worker.id} />
      )}
      {data?.items.length === 0 && (
        <Told title="No worker was heard of lately">
          Nothing moves without one. Start some with <code>phaseline work</code>, on any machine that reaches the
          database.
        </Told>
      )}
    </>
  )
}

function Standing({ worker }: { readonly worker: WorkerView }) {
  const [kind, word] = !worker.live ? ['failed', 'Silent'] : worker.draining ? ['negative', 'Ending'] : ['succeeded', 'Alive']
  return (
    <>
      <span className="outcome" data-kind={kind}>
        {word}
      </span>{' '}
      <code className="faint" title={worker.id}>
        {worker.id.slice(0, 8)}
      </code>
    </>
  )
}

function Ago({ instant }: { readonly instant: string }) {
  const seconds = Math.max(0, (Date.now() - Date.parse(instant)) / 1000)
  return <span title={wholeInstantText(instant)}>{seconds < 2 ? 'just now' : `${durationText(seconds)} ago`}</span>
}

/** Counts up every few seconds while somebody looks. */
function useTurns(): number {
  const [turns, turn] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') turn((count) => count + 1)
    }, LOOK_MILLISECONDS)
    return () => clearInterval(timer)
  }, [])
  return turns
}
