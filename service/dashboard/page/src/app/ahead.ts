/**
 * Parts of the page whose scripts come later: when they are asked for, or before, when there is nothing else to do. Then
 * they are there at once, even while the server is away.
 */
import { type ComponentType, lazy, type LazyExoticComponent } from 'react'
import { connection } from '../live/channel'

type Part<Props> = { default: ComponentType<Props> }
type Load<Props> = () => Promise<Part<Props>>

const IDLE_MILLISECONDS = 3_000
const waiting: (() => Promise<unknown>)[] = []
let isIdle = false

/** A component whose script comes later; where the server is away, when it is back. */
export function later<Props>(load: Load<Props>): LazyExoticComponent<ComponentType<Props>> {
  if (isIdle) fetchAhead(load)
  else waiting.push(load)
  return lazy(() => fetchOnceBack(load))
}

async function fetchOnceBack<Props>(load: Load<Props>): Promise<Part<Props>> {
  try {
    return await load()
  } catch (error) {
    if (connection.get().kind === 'live') throw error // it is there, and has no such part any more
    await untilLive()
    return load()
  }
}

function untilLive(): Promise<void> {
  return new Promise((resolve) => {
    const unsubscribe = connection.subscribe(() => {
      if (connection.get().kind === 'live') (unsubscribe(), resolve())
    })
  })
}

/** From now on there is nothing else to do in a moment; parts that come bring parts of their own. */
export function loadAhead(): () => void {
  const timer = setTimeout(() => {
    isIdle = true
    for (const load of waiting.splice(0)) fetchAhead(load)
  }, IDLE_MILLISECONDS)
  return () => clearTimeout(timer)
}

function fetchAhead(load: () => Promise<unknown>): void {
  load().catch(() => undefined) // it is asked for again when it is needed
}
