/** What went wrong, in words: the server's own where it gave some. */
import { inWords, spoken } from '../words/phases'
import { NetworkFault, PhaselineError, Refused } from 'phaseline-client'

export function sentenceOf(error: unknown): string {
  if (error instanceof Refused) return plain(inWords(error.problem.detail))
  if (error instanceof NetworkFault) return 'The server does not answer. Nothing is lost; try again in a moment.'
  if (error instanceof PhaselineError) return error.message
  return 'Something went wrong in this page. Load it again; if it stays, tell who runs this server.'
}

/** The field of the request that a problem names, as in /configuration/domainGeneration/count. */
export function pointerOf(error: unknown): string | undefined {
  return error instanceof Refused ? error.problem.pointer : undefined
}

// How the server's types say what is wrong; a parameter of a query is named before it.
const EXPECTED = /^(?:(\w+): )?Expected `(\w+)(?: \| \w+)*`(.*?)\.?$/
const BOUND = /^(?: of length)? (>=|<=|<|>) ([\d.]+)$/
const BOUND_WORDS: Readonly<Record<string, string>> = { '>=': 'at least', '<=': 'at most', '<': 'less than', '>': 'more than' }
const LENGTHS: Readonly<Record<string, string>> = { str: ' characters', array: ' entries' }
const KINDS: Readonly<Record<string, string>> = { int: 'a whole number', float: 'a number' }

/** "Expected `int` <= 10." is "This has to be at most 10, a whole number." to whoever typed it. */
function plain(sentence: string): string {
  const [, parameter, type = '', rest = ''] = EXPECTED.exec(sentence) ?? []
  const subject = parameter === undefined ? 'This' : spoken(parameter)
  const [, relation = '', bound = ''] = BOUND.exec(rest) ?? []
  const words = BOUND_WORDS[relation]
  if (words !== undefined) {
    if (type === 'str' && relation === '>=' && bound === '1') return `${subject} cannot stay empty.`
    const said = `${words} ${Number(bound).toLocaleString('en')}${LENGTHS[type] ?? ''}`
    return `${subject} has to be ${said}${type === 'int' ? ', a whole number' : ''}.`
  }
  const kind = KINDS[type]
  if (rest.startsWith(', got') && kind !== undefined) return `${subject} has to be ${kind}.`
  if (rest.startsWith(' matching regex')) return `${subject} holds a character that cannot stand there.`
  return sentence
}
