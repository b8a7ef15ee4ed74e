/** How phases, their states and outcomes are called on the page. */
import { CampaignPhase, PhaseStatus } from 'phaseline-client'

export const PHASES: readonly CampaignPhase[] = Object.values(CampaignPhase)
export const STATUSES: readonly PhaseStatus[] = Object.values(PhaseStatus)

const PHASE_NAMES: Readonly<Record<CampaignPhase, string>> = {
  domain_generation: 'Domain generation',
  dns_validation: 'DNS validation',
  http_validation: 'HTTP validation',
  analysis: 'Analysis',
}

const SHORT_NAMES: Readonly<Record<CampaignPhase, string>> = {
  domain_generation: 'Names',
  dns_validation: 'DNS',
  http_validation: 'HTTP',
  analysis: 'Analysis',
}

// Words that are not said as they are written.
const SPELLINGS: Readonly<Record<string, string>> = {
  dns: 'DNS',
  http: 'HTTP',
  https: 'HTTPS',
  tf: 'TF',
  tls: 'TLS',
  tlds: 'TLDs',
  servfail: 'SERVFAIL',
}

/** Of a phase that a later server adds, its own word. */
export function phaseName(phase: CampaignPhase): string {
  return PHASE_NAMES[phase] ?? wordsOf(phase)
}

/** Where there is little room, and beside others of its kind. */
export function shortPhaseName(phase: CampaignPhase): string {
  return SHORT_NAMES[phase] ?? phaseName(phase)
}

export function statusName(status: PhaseStatus): string {
  return wordsOf(status)
}

/** `tls_failed` is "TLS failed". */
export function wordsOf(word: string): string {
  const spelled = word.split('_').map((part) => SPELLINGS[part] ?? part)
  const text = spelled.join(' ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** A sentence of the server's, with the names that phases have on this page: `dns_validation is paused` and so on. */
export function inWords(sentence: string): string {
  const said = PHASES.reduce((text, phase) => text.replaceAll(phase, innerName(phase)), sentence)
  return said.charAt(0).toUpperCase() + said.slice(1)
}

/** As it stands within a sentence: "domain generation", "DNS validation". */
export function innerName(phase: CampaignPhase): string {
  const name = phaseName(phase)
  return /^[A-Z][a-z]/.test(name) ? name.charAt(0).toLowerCase() + name.slice(1) : name
}

/** `timeoutSeconds` is "Timeout seconds". */
export function spoken(name: string): string {
  return wordsOf(name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replace(/^_/, ''))
}
