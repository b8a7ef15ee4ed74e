/** A list that the server gives page by page, each behind the cursor of the one before. */
import { useCallback, useEffect, useRef, useState } from 'react'
import { asked } from '../session/session'
import { isSame } from './same'

export interface Page<Item> {
  readonly items: readonly Item[]
  readonly nextCursor: string | null
}

export interface Pages<Item> {
  readonly items: readonly Item[]
  readonly error: unknown
  readonly isAsking: boolean
  /** Whether the first page was answered. */
  readonly isBegun: boolean
  readonly hasMore: boolean
  readonly more: () => void
  readonly fromTheTop: () => void
}

interface Held<Item> extends Page<Item> {
  readonly about: readonly unknown[]
  readonly error: unknown
  readonly isAsking: boolean
  readonly isBegun: boolean
}

type Ask<Item> = (cursor: string | undefined, signal: AbortSignal) => Promise<Page<Item>>

/**
 * Begins anew when one of `about` changes, and forgets the pages of the others. When `turn` changes it begins anew about
 * the same, and what is shown stays until the new first page is there.
 */
export function usePages<Item>(ask: Ask<Item>, about: readonly unknown[], turn?: unknown): Pages<Item> {
  const [held, hold] = useState<Held<Item>>(nothing(about))
  const [times, again] = useState(0)
  const stop = useRef(new AbortController())

  const askFor = useCallback((cursor: string | undefined, before: readonly Item[]): void => {
    stop.current.abort()
    const { signal } = (stop.current = new AbortController())
    hold((now) => ({ ...now, isAsking: true, error: undefined }))
    asked(ask(cursor, signal)).then(
      ({ items, nextCursor }) =>
        signal.aborted ||
        hold({ about, items: [...before, ...items], nextCursor, error: undefined, isAsking: false, isBegun: true }),
      (error: unknown) => signal.aborted || hold((now) => ({ ...now, error, isAsking: false })),
    )
  }, about)

  useEffect(() => {
    hold((now) => (isSame(now.about, about) ? now : nothing(about)))
    askFor(undefined, [])
    return () => stop.current.abort()
  }, [askFor, turn, times])

  const { items, nextCursor, isAsking } = held
  const more = useCallback(() => {
    if (nextCursor !== null && !isAsking) askFor(nextCursor, items)
  }, [askFor, nextCursor, items, isAsking])
  const fromTheTop = useCallback(() => again((count) => count + 1), [])
  const shown = isSame(held.about, about) ? held : nothing<Item>(about)
  return { ...shown, hasMore: shown.nextCursor !== null, more, fromTheTop }
}

function nothing<Item>(about: readonly unknown[]): Held<Item> {
  return { about, items: [], nextCursor: null, error: undefined, isAsking: true, isBegun: false }
}
