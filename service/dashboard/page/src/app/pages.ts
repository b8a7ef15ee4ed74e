/** Where each page is, and how its script comes. */
import type { ComponentType } from 'react'
import { later } from './ahead'
import { match } from './router'

export type PageProps = Readonly<Record<string, string>>
export type Page = ComponentType<PageProps>
type Load = () => Promise<{ default: Page }>

const campaign: Load = () => import('../campaign/CampaignPage')
const notFound: Load = () => import('./NotFoundPage')
const LOADS: readonly (readonly [string, Load])[] = [
  ['/', () => import('../campaigns/CampaignsPage')],
  ['/campaigns/new', () => import('../creating/CreatingPage')],
  ['/campaigns/:campaignId', campaign],
  ['/campaigns/:campaignId/:view', campaign],
  ['/workers', () => import('../operating/WorkersPage')],
  ['/keys', () => import('../operating/KeysPage')],
  ['/acts', () => import('../operating/ActsPage')],
  ['/settings', () => import('../operating/SettingsPage')],
]

// One component for each script, so that a campaign's views are one page that stays.
const components = new Map([...LOADS.map(([, load]) => load), notFound].map((load) => [load, later(load)]))
const NotFound = componentOf(notFound)

/** The page at a path, and what the path says to it. */
export function pageAt(path: string): readonly [Page, PageProps] {
  for (const [pattern, load] of LOADS) {
    const parts = match(pattern, path)
    if (parts !== undefined) return [componentOf(load), parts]
  }
  return [NotFound, {}]
}

function componentOf(load: Load): Page {
  const component = components.get(load)
  if (component === undefined) throw new Error('each page has its component')
  return component
}
