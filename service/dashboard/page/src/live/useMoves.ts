/** When what only HTTP tells has to be asked for again. */
import { useEffect, useState } from 'react'
import { sockets } from '../session/client'
import { progressOf, watchProgress } from './progress'

const PAUSE_MILLISECONDS = 2_000

/**
 * Counts up when the campaign has moved: at once where its phase or status changed, else every two seconds while news
 * come. The websocket is what says so; nothing is asked for while nothing moves. Also when it was away for a while.
 */
export function useMoves(campaignId: string): number {
  const [moves, move] = useState(0)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let standing = standingOf(campaignId)
    const turn = (): void => {
      clearTimeout(timer)
      timer = undefined
      move((count) => count + 1)
    }
    const unwatch = watchProgress(campaignId, () => {
      const now = standingOf(campaignId)
      if (now !== standing && standing !== '') turn()
      else timer ??= setTimeout(turn, PAUSE_MILLISECONDS)
      standing = now
    })
    let { opened } = sockets.get()
    const unsubscribe = sockets.subscribe(() => {
      if (sockets.get().opened > opened && opened > 0) turn()
      opened = sockets.get().opened
    })
    return () => (unwatch(), unsubscribe(), clearTimeout(timer))
  }, [campaignId])
  return moves
}

function standingOf(campaignId: string): string {
  const news = progressOf(campaignId)
  return news === undefined ? '' : `${news.phase} ${news.phaseStatus} ${news.deleted ?? false}`
}
