/** Where the page is: paths below /dashboard, and the query, which holds filters so that a link shows the same. */
import { Store, useStore } from './store'

export const BASE = '/dashboard'

export interface Place {
  /** Without the base; begins with a slash. */
  readonly path: string
  readonly query: URLSearchParams
}

const place = new Store<Place>(placeNow())

addEventListener('popstate', () => place.set(placeNow()))

function placeNow(): Place {
  const path = location.pathname.startsWith(BASE) ? location.pathname.slice(BASE.length) : location.pathname
  return { path: path.replace(/\/+$/, '') || '/', query: new URLSearchParams(location.search) }
}

export function usePlace(): Place {
  return useStore(place)
}

export function hrefOf(to: string): string {
  return to === '/' ? BASE : BASE + to
}

/** Go there, as following a link does. */
export function navigate(to: string): void {
  history.pushState(null, '', hrefOf(to))
  place.set(placeNow())
  scrollTo(0, 0)
}

/** Be there instead: nothing to go back to. */
export function replace(to: string): void {
  history.replaceState(null, '', hrefOf(to))
  place.set(placeNow())
}

/** The same path with these parts of the query changed; an empty part is left out. */
export function changeQuery(changes: Readonly<Record<string, string | readonly string[]>>): void {
  const { path, query } = place.get()
  for (const [name, value] of Object.entries(changes)) {
    query.delete(name)
    for (const each of typeof value === 'string' ? [value] : value) if (each) query.append(name, each)
  }
  const text = query.toString()
  replace(text ? `${path}?${text}` : path)
}

/** The parts of a path that a pattern like `/campaigns/:id` names; undefined where it is another path. */
export function match(pattern: string, path: string): Record<string, string> | undefined {
  const [wanted, given] = [pattern.split('/'), path.split('/')]
  if (wanted.length !== given.length) return undefined
  const found: Record<string, string> = {}
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? ''
    if (part.startsWith(':')) found[part.slice(1)] = decodeURIComponent(value)
    else if (part !== value) return undefined
  }
  return found
}
