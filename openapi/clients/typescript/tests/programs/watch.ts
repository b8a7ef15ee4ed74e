// Watches the campaigns that it is given, and says a line of JSON for all that happens.
import { PhaselineError } from '../../src/index.js'
import { here } from '../live/here.js'

const say = (line: object): void => console.log(JSON.stringify(line))
const ids = process.argv.slice(2)

try {
  const news = here().watch(ids.length ? ids : 'all', {
    onAway: ({ fault }) => say({ away: fault.code, message: fault.message }),
    snapshotSeconds: 0.5,
  })
  for await (const told of news) say({ told })
  say({ over: true })
} catch (error) {
  say({ error: error instanceof PhaselineError ? [error.name, error.code] : String(error) })
}
