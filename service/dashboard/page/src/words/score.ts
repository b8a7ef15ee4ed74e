/** What a score is made of, in words. */
import type { ScoreComponents } from 'phaseline-client'

export const COMPONENTS: Readonly<Record<keyof ScoreComponents, string>> = {
  keywordDensity: 'How dense keywords stand',
  uniqueKeywordCoverage: 'How many different keywords',
  nonParked: 'Not parked',
  contentLengthQuality: 'How much the page says',
  titleKeyword: 'A keyword in the title',
  freshness: 'How fresh it is',
  tfLite: 'Keywords, weighed by their spread',
}
