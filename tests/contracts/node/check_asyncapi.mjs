// Reads an AsyncAPI document as the world's reader does, and prints its diagnostics as JSON.
import { readFile } from 'node:fs/promises'
import { Parser } from '@asyncapi/parser'

const text = await readFile(process.argv[2], 'utf8')
const { document, diagnostics } = await new Parser().parse(text)
const found = diagnostics.map(({ code, message, path, severity }) => ({ code, message, path: path.join('.'), severity }))
const read = document && { messages: document.allMessages().all().map((message) => message.name()) }
console.log(JSON.stringify({ diagnostics: found, read: read ?? null }))
