import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Interrupted, Moved, Unreadable } from '../src/index.js'
import { NOWHERE, type Table, tableOf } from '../src/tables.js'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`
const HEADER = 'position,domain\r\n'
const MAKERS = {
  csv: { header: HEADER, row: (at: number, cell: string) => `${at},${quoted(cell)}\r\n` },
  ndjson: { header: '', row: (at: number, cell: string) => `${JSON.stringify({ position: at, domain: cell })}\n` },
}
const TRAILERS = {
  csv: (rows: number) => `# complete rows=${rows}\r\n`,
  ndjson: (rows: number) => `{"complete":true,"rows":${rows}}\n`,
}
const formats = fc.constantFrom('csv' as const, 'ndjson' as const)
const NASTY = ['"', '\n', '\r\n"', '# complete rows=1']
const cells = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...NASTY)))
const cuts = fc.array(fc.double({ min: 0, max: 0.99, noNaN: true }))

/** An answer with the rows behind a position, as a server sends it. */
function answer(format: keyof typeof MAKERS, cells: readonly string[], after: number): Uint8Array {
  const { header, row } = MAKERS[format]
  const rows = cells.map((cell, index) => [index * 3, cell] as const).filter(([at]) => at > after)
  return encode([header, ...rows.map(([at, cell]) => row(at, cell)), TRAILERS[format](rows.length)].join(''))
}

/** What is given for an answer that comes in parts of a size, as far as `bytes`. */
function fed(table: Table, data: Uint8Array, size: number, bytes = data.byteLength): Buffer {
  table.begin()
  const parts: Uint8Array[] = []
  for (let at = 0; at < bytes; at += size) parts.push(table.feed(data.subarray(at, Math.min(at + size, bytes))))
  return Buffer.concat(parts)
}

test('an export that is cut anywhere, again and again, becomes the same file', () => {
  fc.assert(
    fc.property(formats, cells, cuts, fc.integer({ min: 1, max: 40 }), (format, cells, cuts, size) => {
      const table = tableOf(format, NOWHERE)
      const parts: Uint8Array[] = []
      for (const cut of cuts) {
        const data = answer(format, cells, table.lastPosition)
        parts.push(fed(table, data, size, Math.floor(cut * data.byteLength)))
        assert.throws(() => table.finish(), Interrupted)
      }
      parts.push(fed(table, answer(format, cells, table.lastPosition), size), table.finish())
      assert.deepEqual(Buffer.concat(parts), Buffer.from(answer(format, cells, -1)))
      assert.equal(table.rows, cells.length)
    }),
  )
})

test('a file of Parquet is whole with its footer, and cannot be gone on with', () => {
  const table = tableOf('parquet', NOWHERE)
  assert.ok(!table.isResumable)
  assert.equal(fed(table, encode('PAR1 and so on PAR1'), 3).toString(), 'PAR1 and so on PAR1')
  assert.equal(table.finish().byteLength, 0)
  for (const cut of ['', 'PAR', 'PAR1 and so', 'and so PAR1']) {
    fed(table, encode(cut), 3)
    assert.throws(() => table.finish(), Interrupted)
  }
})

test('what makes no sense is no export', () => {
  const wrong = {
    csv: [`${HEADER}a,"b"\r\n`, `${HEADER}3,a\r\n3,b\r\n5,c\r\n3,d\r\n`, `${HEADER}# complete rows=1\r\n`],
    ndjson: [
      '<html>\n',
      '3\n',
      '{"position":1}\n{"complete":true,"rows":2}\n',
      '{"complete":true,"rows":0}\n{"position":1}\n',
    ],
  }
  for (const format of ['csv', 'ndjson'] as const)
    for (const text of wrong[format]) assert.throws(() => fed(tableOf(format, NOWHERE), encode(text), 12), Unreadable, text)
  assert.throws(() => fed(tableOf('csv', NOWHERE), new Uint8Array(4_000_001), 1_000_000), Unreadable)
})

test('other columns after a break make no file', () => {
  const table = tableOf('csv', NOWHERE)
  fed(table, encode(`${HEADER}1,a\r\n`), 5)
  assert.throws(() => fed(table, encode('position,name\r\n2,b\r\n'), 5), Moved)
})
