// Watches the campaigns that it is given, with a bound of silence in seconds before them, and says all that happens.
import { PhaselineError } from '../../src/index.js'
import { here } from '../live/here.js'

const say = (line: object): void => console.log(JSON.stringify(line))
const [silence, ...ids] = process.argv.slice(2)

try {
  const news = here().watch(ids.length ? ids : 'all', {
    onAway: ({ fault }) => say({ away: fault.code, message: fault.message }),
    snapshotSeconds: 0.5,
    silenceSeconds: Number(silence),
  })
  for await (const told of news) say({ told })
  say({ over: true })
} catch (error) {
  say({ error: error instanceof PhaselineError ? [error.name, error.code] : String(error) })
}
