/** What stands around each page: where to go, whether news come, who is signed in. */
import './shell.css'
import { type ReactNode, useState } from 'react'
import { ConnectionMark } from '../live/ConnectionMark'
import { MoonIcon, SunIcon, SystemIcon } from '../parts/icons'
import { sentenceOf } from '../asking/sentences'
import { closeSession, standing, useMay } from '../session/session'
import { Link } from './Link'
import { usePlace } from './router'
import { useStore } from './store'
import { chooseTheme, type Theme, useTheme } from './theme'

// What only a key with the scope `admin` may see is not offered to others.
const PLACES: readonly (readonly [string, string])[] = [
  ['/', 'Campaigns'],
  ['/workers', 'Workers'],
]
const ADMIN_PLACES: readonly (readonly [string, string])[] = [
  ['/keys', 'Keys'],
  ['/acts', 'Acts'],
  ['/settings', 'Settings'],
]

const NEXT_THEME: Readonly<Record<Theme, Theme>> = { system: 'light', light: 'dark', dark: 'system' }
const THEME_NAMES: Readonly<Record<Theme, string>> = { system: 'as the system', light: 'light', dark: 'dark' }
const THEME_ICONS = { system: SystemIcon, light: SunIcon, dark: MoonIcon }

export function Shell({ children }: { readonly children: ReactNode }) {
  const places = useMay('admin') ? [...PLACES, ...ADMIN_PLACES] : PLACES
  return (
    <>
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <header className="shell-top">
        <Link to="/" className="shell-mark">
          <svg viewBox="0 0 16 16" width="20" height="20" aria-hidden="true">
            <rect width="16" height="16" rx="4" fill="var(--accent-fill)" />
            <path d="M3.5 4.5h9M3.5 8h6.5M3.5 11.5h3.5" stroke="#fff" strokeWidth="1.8" strokeLinecap="round" />
          </svg>
          Phaseline
        </Link>
        <nav className="shell-places" aria-label="Main">
          {places.map(([to, name]) => (
            <PlaceLink key={to} to={to} name={name} />
          ))}
        </nav>
        <div className="shell-end">
          <ConnectionMark />
          <ThemeSwitch />
          <SignOut />
        </div>
      </header>
      <main id="content" className="shell-content" tabIndex={-1}>
        {children}
      </main>
    </>
  )
}

function PlaceLink({ to, name }: { readonly to: string; readonly name: string }) {
  const { path } = usePlace()
  const isHere = to === '/' ? path === '/' || path.startsWith('/campaigns') : path.startsWith(to)
  return (
    <Link to={to} className="shell-place" aria-current={isHere ? 'page' : undefined}>
      {name}
    </Link>
  )
}

function ThemeSwitch() {
  const theme = useTheme()
  const Icon = THEME_ICONS[theme]
  const label = `Colours: ${THEME_NAMES[theme]}. Change to ${THEME_NAMES[NEXT_THEME[theme]]}`
  return (
    <button
      type="button"
      className="button quiet shell-icon"
      aria-label={label}
      title={label}
      onClick={() => chooseTheme(NEXT_THEME[theme])}
    >
      <Icon />
    </button>
  )
}

function SignOut() {
  const now = useStore(standing)
  const [trouble, tell] = useState<string>()
  const actor = now.kind === 'in' ? now.session?.actor : undefined
  const leave = (): void => {
    closeSession().catch((error: unknown) => tell(sentenceOf(error)))
  }
  return (
    <>
      {trouble !== undefined && (
        <span role="alert" className="note wrong">
          {trouble}
        </span>
      )}
      <button type="button" className="button quiet" title={actor && `Signed in with the key ${actor}`} onClick={leave}>
        Sign out
      </button>
    </>
  )
}
