/** What of a campaign's configuration may change, and what a change means for phases that have run. Pure. */
import type { CampaignPhase, Phases } from 'phaseline-client'
import type { Part } from '../configuring/pointers'
import { innerName, phaseName } from '../words/phases'
import { runOf } from './phases'

const PHASE_OF: Readonly<Record<Part, CampaignPhase>> = {
  domainGeneration: 'domain_generation',
  dnsValidation: 'dns_validation',
  httpValidation: 'http_validation',
  analysis: 'analysis',
}

/** Why the configuration of a phase stands fast; undefined where it may change. The server decides in the end. */
export function whyFixed(part: Part, phases: Phases): string | undefined {
  const phase = PHASE_OF[part]
  const run = runOf(phases, phase)
  if (phase === phases.currentPhase && (phases.phaseStatus === 'running' || phases.phaseStatus === 'paused'))
    return `${phaseName(phase)} is under way, and keeps what it was started with until it has ended.`
  if (phase === 'domain_generation' && run !== undefined && run.number > 0)
    return 'Names were made by this pattern already, and never change. For another pattern, create another campaign.'
  return undefined
}

/** What was saved, and what has to be done for it to count. */
export function whatFollows(parts: readonly Part[], phases: Phases): string {
  const hasRun = parts.map((part) => PHASE_OF[part]).filter((phase) => (runOf(phases, phase)?.number ?? 0) > 0)
  if (hasRun.length === 0) return 'Saved.'
  const names = hasRun.map(innerName).join(' and ')
  return `Saved. What ${names} found is from before: run ${hasRun.length > 1 ? 'them' : 'it'} again for the change to count.`
}
