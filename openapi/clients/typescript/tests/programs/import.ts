// Imports a list from a file, as a stream; says what became of it.
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { PhaselineError } from '../../src/index.js'
import { here } from '../live/here.js'

const say = (line: object): void => console.log(JSON.stringify(line))
const [campaignId, path] = process.argv.slice(2) as [string, string]

try {
  const list = Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>
  say({ receipt: await here().domains.bringIn(campaignId, list) })
} catch (error) {
  say({ error: error instanceof PhaselineError ? [error.name, error.code] : String(error) })
}
