// Exports a campaign to a file; says how far it is when the first rows are there, and goes on when it is sent a line.
import { open } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { type ExportFormat, type ExportProgress, PhaselineError } from '../../src/index.js'
import { partsOf } from '../../src/streams.js'
import { here } from '../live/here.js'

const say = (line: object): void => console.log(JSON.stringify(line))
const [campaignId, format, path] = process.argv.slice(2) as [string, ExportFormat, string]
const input = createInterface({ input: process.stdin })
const lines = input[Symbol.asyncIterator]()
const output = await open(path, 'w')
let progress: ExportProgress | undefined
let bytes = 0

try {
  const file = await here().domains.export(campaignId, {
    query: { format },
    onProgress: (told) => {
      progress = told
    },
  })
  for await (const part of partsOf(file)) {
    await output.write(part)
    if (bytes === 0) {
      say({ progress })
      await lines.next()
    }
    bytes += part.byteLength
  }
  say({ whole: progress, bytes })
} catch (error) {
  say({ error: error instanceof PhaselineError ? [error.name, error.code] : String(error) })
} finally {
  input.close()
  await output.close()
}
