/** Asks the server something while a component stands, and holds the answer. */
import { useCallback, useEffect, useRef, useState } from 'react'
import { asked } from '../session/session'
import { isSame } from './same'

/** `data` stays while it is asked again, and beside an error. */
export interface Asking<Data> {
  readonly data: Data | undefined
  readonly error: unknown
  readonly isAsking: boolean
  readonly askAgain: () => void
}

interface Held<Data> {
  readonly about: readonly unknown[]
  readonly data: Data | undefined
  readonly error: unknown
  readonly isAsking: boolean
}

/**
 * Asks anew when one of `about` changes, and forgets the answer about the others; an answer that comes too late is
 * dropped. When `turn` changes it asks again about the same, after the answer that is under way.
 */
export function useAnswer<Data>(
  ask: (signal: AbortSignal) => Promise<Data>,
  about: readonly unknown[],
  turn = 0,
): Asking<Data> {
  const [held, hold] = useState<Held<Data>>(nothing(about))
  const again = useRef(() => undefined as void)

  useEffect(() => {
    const stop = new AbortController()
    let isBusy = false
    let isWanted = false
    const settle = (part: Pick<Held<Data>, 'error'> & { readonly data?: Data }): void => {
      if (stop.signal.aborted) return
      hold((before) => ({ ...before, ...part, isAsking: false }))
      isBusy = false
      if (isWanted) start()
    }
    const start = (): void => {
      isWanted = isBusy
      if (isBusy) return
      isBusy = true
      hold((before) => (isSame(before.about, about) ? { ...before, isAsking: true } : nothing(about)))
      asked(ask(stop.signal)).then(
        (data) => settle({ data, error: undefined }),
        (error: unknown) => settle({ error }),
      )
    }
    again.current = start
    start()
    return () => stop.abort()
  }, about)

  const turned = useRef(turn)
  useEffect(() => {
    if (turned.current !== turn) again.current()
    turned.current = turn
  }, [turn])

  const askAgain = useCallback(() => again.current(), [])
  return { ...(isSame(held.about, about) ? held : nothing<Data>(about)), askAgain }
}

function nothing<Data>(about: readonly unknown[]): Held<Data> {
  return { about, data: undefined, error: undefined, isAsking: true }
}
