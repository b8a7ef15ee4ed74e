import type { Draft } from './draft'

export type Faults = Partial<Record<keyof Draft, string>>

/** What each group of fields of a campaign's form is given. */
export interface FieldsProps {
  readonly draft: Draft
  /** What is wrong, by field. */
  readonly faults: Faults
  readonly change: (changes: Partial<Draft>) => void
}
