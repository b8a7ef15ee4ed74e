/** What a campaign would make and take, asked for while it is typed. */
import type { CampaignEstimate, DomainGeneration, EstimateCampaign, PatternPreview } from 'phaseline-client'
import { useRef } from 'react'
import { useAnswer } from '../asking/useAnswer'
import { useSettled } from '../asking/useSettled'
import { client } from '../session/client'

export interface Typed<Answer> {
  /** The last one that there was, while another is asked for. */
  readonly data: Answer | undefined
  readonly error: unknown
  readonly isCurrent: boolean
}

export function usePreview(generation: DomainGeneration): Typed<PatternPreview> {
  return useTyped(generation, (body, signal) => client.domains.previewPattern({ body, signal }))
}

export function useEstimate(thoughtOf: EstimateCampaign): Typed<CampaignEstimate> {
  return useTyped(thoughtOf, (body, signal) => client.domains.estimateCampaign({ body, signal }))
}

function useTyped<Question, Answer>(
  question: Question,
  ask: (question: Question, signal: AbortSignal) => Promise<Answer>,
): Typed<Answer> {
  const typed = JSON.stringify(question)
  const settled = useSettled(typed)
  const { data, error } = useAnswer((signal) => ask(JSON.parse(settled) as Question, signal), [settled])
  const last = useRef<Answer>(undefined)
  if (data !== undefined) last.current = data
  const isCurrent = settled === typed && (data !== undefined || error !== undefined)
  return { data: data ?? last.current, error, isCurrent }
}
