/** Words that a later server may add to its lists: they come through as they are, and can be told apart here. */

/** Whether this client was made with a word, as in `isKnown(PhaseStatus, campaign.phaseStatus)`. */
export function isKnown<Words extends Record<string, string>>(words: Words, word: string): word is Words[keyof Words] {
  return Object.values(words).includes(word)
}
