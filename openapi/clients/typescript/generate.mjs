// Makes src/generated from the contract: `node generate.mjs FOLDER` writes it there.
//
//   openapi.json  --@hey-api/openapi-ts--> types, operations, and the client that they use
//                 --here-----------------> operations.gen.ts: which of them take a key, may be repeated, or are streams
//   asyncapi.json --@hey-api/openapi-ts--> messages/: types of what goes over the websocket
//                 --here-----------------> channel.gen.ts: where that is, and the types of its messages
import { createClient } from '@hey-api/openapi-ts'
import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'

const NOTE = '// Made from the contract by `make client-typescript`; a change here is lost.'
const KEY_PARAMETER = '#/components/parameters/IdempotencyKey'
const READ_BY_POST = ['preview_pattern', 'estimate_phase'] // they change nothing
const JSON_TYPE = 'application/json'
const BINARY = { type: 'string', format: 'binary' }
// A list of words is an object, too: what a later server adds can be told from what this client knows.
const TYPES = { name: '@hey-api/typescript', enums: 'javascript' }

const read = async (name) => JSON.parse(await readFile(new URL(`../../${name}`, import.meta.url), 'utf8'))

async function main(folder) {
  const openapi = await read('openapi.json')
  const asyncapi = await read('asyncapi.json')
  await generate(withFiles(openapi), folder, [
    { name: '@hey-api/client-fetch', baseUrl: false, throwOnError: true },
    TYPES,
    { name: '@hey-api/sdk', auth: false, responseStyle: 'data', operations: { strategy: 'byTags', methods: 'instance' } },
  ])
  await generate(messagesOf(asyncapi), join(folder, 'messages'), [TYPES])
  await writeFile(join(folder, 'operations.gen.ts'), operationsText(openapi))
  await writeFile(join(folder, 'channel.gen.ts'), channelText(asyncapi))
}

async function generate(input, path, plugins) {
  await createClient({ input, output: { path, module: { extension: '.js' } }, plugins, logs: { level: 'silent' } })
}

/** Files are Blobs: what is not JSON is not read as text. */
function withFiles(document) {
  const copy = structuredClone(document)
  for (const { operation } of operationsOf(copy)) {
    for (const content of Object.values(operation.requestBody?.content ?? {}))
      if (isText(content.schema)) content.schema = { anyOf: [{ type: 'string' }, BINARY] }
    for (const answer of Object.values(operation.responses))
      for (const [kind, content] of Object.entries(answer.content ?? {})) if (kind !== JSON_TYPE) content.schema = BINARY
  }
  return copy
}

const isText = (schema) => schema.type === 'string'

/** The schemas of the messages, as a document that the generator reads. */
function messagesOf({ info, components }) {
  return { openapi: '3.1.0', info, paths: {}, components: { schemas: components.schemas } }
}

function operationsOf(document) {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation })),
  )
}

function operationsText(document) {
  const all = operationsOf(document)
  const ids = new Set(all.map(({ operation }) => operation.operationId))
  for (const id of READ_BY_POST) if (!ids.has(id)) throw new Error(`there is no operation ${id}`)
  const isKeyed = ({ operation }) => (operation.parameters ?? []).some((each) => each.$ref === KEY_PARAMETER)
  const isReading = ({ name, operation }) => name.startsWith('GET ') || READ_BY_POST.includes(operation.operationId)
  const isStreamed = ({ operation }) =>
    Object.keys(operation.responses['200']?.content ?? {}).some((kind) => kind !== JSON_TYPE)
  return text(
    setText('Take an Idempotency-Key, so that asked twice they are done once.', 'KEYED', all.filter(isKeyed)),
    setText('Change nothing.', 'READING', all.filter(isReading)),
    setText('Answer with a file, as long as it may be.', 'STREAMED', all.filter(isStreamed)),
  )
}

function setText(comment, name, operations) {
  const lines = operations.map((each) => `  '${each.name}',`)
  return [`/** ${comment} */`, `export const ${name}: ReadonlySet<string> = new Set([`, ...lines, '])'].join('\n')
}

function channelText(document) {
  const channels = Object.entries(document.channels)
  if (channels.length !== 1) throw new Error('this client knows how to follow one channel')
  const [key, channel] = channels[0]
  const sent = (action) =>
    Object.values(document.operations)
      .filter((each) => each.action === action && each.channel.$ref === `#/channels/${key}`)
      .flatMap((each) => each.messages.map(({ $ref }) => $ref.split('/').at(-1)))
  const [told, asked] = [sent('send'), sent('receive')]
  const tags = told.map((name) => document.components.schemas[name].properties.type.const)
  return text(
    `import type { ${[...asked, ...told].sort().join(', ')} } from './messages/types.gen.js'`,
    `export const ADDRESS = '${channel.address}'`,
    `export const CHANNEL = '${channel.title}'`,
    `/** What the server sends. */\nexport type ServerMessage = ${told.join(' | ')}`,
    `/** What a client sends. */\nexport type ClientMessage = ${asked.join(' | ')}`,
    `export const SERVER_MESSAGE_TYPES: ReadonlySet<string> = new Set([${tags.map((tag) => `'${tag}'`).join(', ')}])`,
  )
}

const text = (...parts) => `${[NOTE, ...parts].join('\n\n')}\n`

await main(resolve(process.argv[2]))
