/**
 * Whether somebody is signed in.
 *
 *   unknown -> in <-> out
 *
 * The cookie cannot be read here, so the server is asked. What is kept beside it is no secret: whose key it was, and
 * what it may do, so that the page need not offer what would be refused.
 */
import { type KeyScope, type Session, Unauthenticated } from 'phaseline-client'
import { Store, useStore } from '../app/store'
import { client } from './client'

export type Standing =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'in'; readonly session: Session | undefined }
  | { readonly kind: 'out'; readonly reason: string | undefined }

const NAME = 'phaseline.session'
const ENDED = 'Your session has ended. Sign in again with a key.'
export const standing = new Store<Standing>({ kind: 'unknown' })

/** Ask whether the cookie still opens the door. Other errors are left to whoever asks for something. */
export async function findSession(): Promise<void> {
  try {
    await client.campaigns.listCampaigns({ query: { limit: 1 } })
  } catch (error) {
    if (error instanceof Unauthenticated) {
      standing.set({ kind: 'out', reason: kept() && ENDED })
      keep(undefined)
      return
    }
  }
  standing.set({ kind: 'in', session: kept() })
}

/** Turn a key into the session's cookie; the key itself is kept nowhere. */
export async function openSession(key: string): Promise<void> {
  const session = await client.access.openSession({ headers: { Authorization: `Bearer ${key}` } })
  keep(session)
  standing.set({ kind: 'in', session })
}

export async function closeSession(): Promise<void> {
  try {
    await client.access.closeSession()
  } catch (error) {
    if (!(error instanceof Unauthenticated)) throw error // that one has ended already
  }
  leave(undefined)
}

/** The server no longer knows this session. */
export function leave(reason: string | undefined): void {
  keep(undefined)
  standing.set({ kind: 'out', reason })
}

/** What the answer was; where it says that the session has ended, the page goes back to the door. */
export async function asked<Answer>(question: Promise<Answer>): Promise<Answer> {
  try {
    return await question
  } catch (error) {
    if (error instanceof Unauthenticated) leave(ENDED)
    throw error
  }
}

/** Whether this session may do what needs that scope; where it is not known, the server will say. */
export function useMay(scope: KeyScope): boolean {
  const now = useStore(standing)
  return now.kind === 'in' && (now.session?.scopes.includes(scope) ?? true)
}

function keep(session: Session | undefined): void {
  try {
    if (session === undefined) localStorage.removeItem(NAME)
    else localStorage.setItem(NAME, JSON.stringify(session))
  } catch {
    // A browser that keeps nothing asks the server each time.
  }
}

function kept(): Session | undefined {
  try {
    const text = localStorage.getItem(NAME)
    return text === null ? undefined : (JSON.parse(text) as Session)
  } catch {
    return undefined
  }
}
