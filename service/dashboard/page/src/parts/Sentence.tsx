/** A sentence of the server's, in this page's words; what stands between backticks is typed, and looks so. */
import { inWords } from '../words/phases'

export function Sentence({ children }: { readonly children: string }) {
  return inWords(children)
    .split('`')
    .map((part, index) => (index % 2 === 1 ? <code key={part}>{part}</code> : part))
}
