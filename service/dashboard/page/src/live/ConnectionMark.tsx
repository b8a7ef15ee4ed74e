/** Whether the numbers on the page are of now. */
import { useEffect, useState } from 'react'
import { useStore } from '../app/store'
import { connection, reconnect } from './channel'

export function ConnectionMark() {
  const now = useStore(connection)
  return (
    <span className="connection" data-kind={now.kind} role="status">
      <i />
      {now.kind === 'live' && 'Live'}
      {now.kind === 'connecting' && 'Connecting'}
      {now.kind === 'refused' && <span title={now.sentence}>No news</span>}
      {now.kind === 'away' && <Waiting retryAt={now.retryAt} sentence={now.sentence} />}
      {(now.kind === 'away' || now.kind === 'refused') && (
        <button type="button" className="button quiet" onClick={reconnect}>
          Now
        </button>
      )}
    </span>
  )
}

function Waiting({ retryAt, sentence }: { readonly retryAt: number; readonly sentence: string }) {
  const seconds = Math.max(0, Math.ceil((retryAt - useClock()) / 1000))
  return (
    <span title={sentence}>
      Offline
      <span aria-hidden="true">{seconds > 0 ? `, again in ${seconds} s` : ', trying'}</span>
    </span>
  )
}

/** Now, in milliseconds since 1970; renders each second. */
function useClock(): number {
  const [now, turn] = useState(Date.now())
  useEffect(() => {
    const timer = setInterval(() => turn(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  return now
}
