/** The door, or what is behind it: one page at a time, each loaded when it is asked for. */
import { Suspense, useEffect } from 'react'
import { connect, disconnect } from '../live/channel'
import { SignIn } from '../session/SignIn'
import { standing } from '../session/session'
import { loadAhead } from './ahead'
import { Failsafe } from './Failsafe'
import { pageAt } from './pages'
import { usePlace } from './router'
import { Shell } from './Shell'
import { useStore } from './store'

export function App() {
  const now = useStore(standing)
  if (now.kind === 'unknown') return null
  return now.kind === 'out' ? <SignIn reason={now.reason} /> : <Inside />
}

function Inside() {
  const { path } = usePlace()
  useEffect(() => {
    connect()
    return disconnect
  }, [])
  useEffect(loadAhead, [])
  const [ThisPage, parts] = pageAt(path)
  return (
    <Shell>
      <Failsafe key={parts['campaignId'] ?? path}>
        <Suspense fallback={<span className="bone" style={{ width: '12rem', height: '1.5rem' }} />}>
          <ThisPage {...parts} />
        </Suspense>
      </Failsafe>
    </Shell>
  )
}
