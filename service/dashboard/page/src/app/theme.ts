/** Light or dark: as the system says, unless somebody chose. */
import { Store, useStore } from './store'

export type Theme = 'system' | 'light' | 'dark'

const NAME = 'phaseline.theme'
const THEMES: readonly Theme[] = ['system', 'light', 'dark']
const theme = new Store<Theme>(THEMES.find((each) => each === kept()) ?? 'system')

apply(theme.get())

export function useTheme(): Theme {
  return useStore(theme)
}

export function chooseTheme(chosen: Theme): void {
  apply(chosen)
  theme.set(chosen)
  try {
    localStorage.setItem(NAME, chosen)
  } catch {
    // A browser that keeps nothing still shows it.
  }
}

function apply(chosen: Theme): void {
  if (chosen === 'system') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = chosen
}

function kept(): string | null {
  try {
    return localStorage.getItem(NAME)
  } catch {
    return null
  }
}
