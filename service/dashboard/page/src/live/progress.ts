/**
 * The newest state of each campaign, as the websocket tells it, for as many watchers as there are rows.
 *
 * What comes is laid aside and told once per frame of the screen, to those rows alone whose campaign moved: two hundred
 * campaigns that change five times a second cost one small render a frame. In a hidden page nothing is told, and the
 * newest states wait.
 */
import type { CampaignProgress } from 'phaseline-client'
import { useCallback, useSyncExternalStore } from 'react'
import { Store, useStore } from '../app/store'
import { record } from './history'

const newest = new Map<string, CampaignProgress>()
const waiting = new Map<string, CampaignProgress>()
const watchers = new Map<string, Set<() => void>>()
let frame: number | undefined

/** Ids in the order in which they were first heard of, without those that were deleted. */
export const known = new Store<readonly string[]>([])

export function take(state: CampaignProgress): void {
  const before = waiting.get(state.campaignId) ?? newest.get(state.campaignId)
  if (before !== undefined && before.sequence >= state.sequence) return
  waiting.set(state.campaignId, state)
  frame ??= requestAnimationFrame(tell)
}

function tell(): void {
  frame = undefined
  const states = [...waiting.values()]
  waiting.clear()
  const unknown = states.flatMap(({ campaignId, deleted }) => (deleted || newest.has(campaignId) ? [] : [campaignId]))
  const gone = new Set(states.flatMap(({ campaignId, deleted }) => (deleted ? [campaignId] : [])))
  for (const state of states) {
    newest.set(state.campaignId, state)
    record(state)
  }
  if (unknown.length || gone.size) known.set([...known.get().filter((id) => !gone.has(id)), ...unknown])
  for (const { campaignId } of states) for (const watcher of watchers.get(campaignId) ?? []) watcher()
}

export function progressOf(campaignId: string): CampaignProgress | undefined {
  return newest.get(campaignId)
}

/** Tell the watcher whenever the campaign moves, until the function that is returned is called. */
export function watchProgress(campaignId: string, watcher: () => void): () => void {
  const mine = watchers.get(campaignId) ?? new Set()
  watchers.set(campaignId, mine.add(watcher))
  return () => {
    mine.delete(watcher)
    if (mine.size === 0) watchers.delete(campaignId)
  }
}

/**
 * The campaign's newest state; undefined before anything was heard. Renders again when it moves, or not where nobody
 * looks: `isWatched` says so, and the newest state is there at once when it turns true.
 */
export function useProgress(campaignId: string, isWatched = true): CampaignProgress | undefined {
  const subscribe = useCallback(
    (watcher: () => void) => (isWatched ? watchProgress(campaignId, watcher) : () => undefined),
    [campaignId, isWatched],
  )
  return useSyncExternalStore(subscribe, () => newest.get(campaignId))
}

export function useKnown(): readonly string[] {
  return useStore(known)
}

/** Somebody else may sign in. */
export function forget(): void {
  newest.clear()
  waiting.clear()
  known.set([])
}
