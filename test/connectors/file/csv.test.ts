// CSV files: quotes, typed columns, headers, positions and malformed records.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { csv } from '../../../src/connectors/file/csv.ts'
import { fileSource } from '../../../src/connectors/file/source.ts'
import { t } from '../../../src/types/t.ts'
import { SeededRandom } from '../../../src/util/random.ts'
import { readAll, readFrom, temporaryFolder, writeFiles } from '../helpers.ts'

const Price = t.struct({ item: t.string, price: t.float64 })

describe('csv()', () => {
  const cases: readonly (readonly [what: string, text: string, rows: readonly string[][]])[] = [
    [
      'plain fields',
      'a,b\n1,2\n3,4\n',
      [
        ['1', '2'],
        ['3', '4'],
      ],
    ],
    [
      'carriage returns and no end',
      'a,b\r\n1,2\r\n3,4',
      [
        ['1', '2'],
        ['3', '4'],
      ],
    ],
    [
      'quotes',
      'a,b\n"1","2"\r\n"","x ""y"" z"\n',
      [
        ['1', '2'],
        ['', 'x "y" z'],
      ],
    ],
    ['delimiters and line ends in quotes', 'a,b\n"1,\n2","3\r\n4"\n', [['1,\n2', '3\r\n4']]],
    [
      'empty fields',
      'a,b\n,\n1,\n,2',
      [
        ['', ''],
        ['1', ''],
        ['', '2'],
      ],
    ],
    ['an empty last field at the end', 'a,b\n1,', [['1', '']]],
    ['a quoted last field at the end', 'a,b\n1,"2"', [['1', '2']]],
    ['blank lines', 'a,b\n\n1,2\n\n', [['1', '2']]],
    ['a mark of the encoding', '\ufeffa,b\né,€\n', [['é', '€']]],
    ['a quote inside a plain field', 'a,b\n5" pipe,2\n', [['5" pipe', '2']]],
  ]
  for (const [what, text, rows] of cases) {
    it(`reads ${what}`, async (test) => {
      const path = await writeFiles(await temporaryFolder(test), { 'in.csv': text })
      const { values } = await readAll(fileSource({ path, format: csv() }))
      assert.deepEqual(
        values.map((row) => [row['a'], row['b']]),
        rows,
      )
    })
  }

  it('reads a column that is called as what every object has', async (test) => {
    const text = '__proto__,toString\n1,2\n'
    const path = await writeFiles(await temporaryFolder(test), { 'in.csv': text })
    const { values } = await readAll(fileSource({ path, format: csv() }))
    assert.deepEqual(values.map(Object.entries), [
      [
        ['__proto__', '1'],
        ['toString', '2'],
      ],
    ])
  })

  it('reads typed columns by name, in any order, and leaves out others', async (test) => {
    const type = t.struct({
      text: t.string,
      whole: t.int32,
      big: t.int64,
      number: t.float64,
      yes: t.boolean,
      at: t.timestamp,
      day: t.date,
      kind: t.enum('buy', 'sell'),
      maybe: t.optional(t.int32),
      none: t.nullable(t.string),
      absent: t.optional(t.string),
    })
    const text =
      'kind,other,text,whole,big,number,yes,at,day,maybe,none\n' +
      'buy,x,a b,-7,9007199254740993,1e3,TRUE,2024-05-01T10:00:00Z,2024-05-01,,\n' +
      'sell,y,,+7,-1,.5,0,1000,1000,5,z\n'
    const path = await writeFiles(await temporaryFolder(test), { 'in.csv': text })
    assert.deepEqual((await readAll(fileSource({ path, format: csv(type) }))).values, [
      {
        text: 'a b',
        whole: -7,
        big: 9007199254740993n,
        number: 1_000,
        yes: true,
        at: Date.parse('2024-05-01T10:00:00Z'),
        day: new Date('2024-05-01'),
        kind: 'buy',
        none: null,
      },
      {
        text: '',
        whole: 7,
        big: -1n,
        number: 0.5,
        yes: false,
        at: 1_000,
        day: new Date(1_000),
        kind: 'sell',
        maybe: 5,
        none: 'z',
      },
    ])
  })

  const bad: readonly (readonly [what: string, row: string, reason: RegExp])[] = [
    ['text for a number', 'x,abc', /column price: "abc" is not a number/],
    ['an empty number', 'x,', /column price: "" is not a number/],
    ['a hexadecimal number', 'x,0x10', /is not a number/],
    ['too few fields', 'x', /it has 1 fields, not 2/],
    ['too many fields', 'x,1,2', /it has 3 fields, not 2/],
    ['text after a closing quote', '"x"y,1', /a closing quote is followed by text/],
  ]
  for (const [what, row, reason] of bad) {
    it(`refuses ${what} with file, line and offset`, async (test) => {
      const text = `item,price\n"two\nlines",1\n${row}\nlast,2\n`
      const path = await writeFiles(await temporaryFolder(test), { 'in.csv': text })
      const failing = readAll(fileSource({ path, format: csv(Price) }))
      await assert.rejects(failing, { code: 'CONNECTOR_MALFORMED_RECORD', message: reason })
      const source = fileSource({ path, format: csv(Price), onMalformed: 'skip' })
      const { values, malformed } = await readAll(source)
      assert.deepEqual(
        values.map((value) => value.item),
        ['two\nlines', 'last'],
      )
      const [first] = malformed
      assert.deepEqual([first?.line, first?.offset, first?.text], [4, 25, row])
    })
  }

  it('loses only one line to a quote that is never closed', async (test) => {
    const text = 'item,price\na,1\n"b,2\nc,3\nd,4\n'
    const path = await writeFiles(await temporaryFolder(test), { 'in.csv': text })
    const source = fileSource({ path, format: csv(Price), onMalformed: 'skip' })
    const { values, malformed } = await readAll(source)
    assert.deepEqual(
      values.map((value) => value.item),
      ['a', 'c', 'd'],
    )
    assert.match(malformed[0]?.reason ?? '', /never closed/)
  })

  it('refuses a header without a column that is needed', async (test) => {
    const path = await writeFiles(await temporaryFolder(test), { 'in.csv': 'item,cost\na,1\n' })
    const source = fileSource({ path, format: csv(Price), onMalformed: 'skip' })
    await assert.rejects(readAll(source), {
      code: 'CONNECTOR_MALFORMED_RECORD',
      message: /in\.csv:1 .* the header: there is no column "price"/,
    })
  })

  it('reads files without a header and with another delimiter', async (test) => {
    const path = await writeFiles(await temporaryFolder(test), { 'in.csv': '1;a\n2;b\n' })
    const format = csv(Price, { delimiter: ';', columns: ['price', 'item'] })
    assert.deepEqual((await readAll(fileSource({ path, format }))).values, [
      { item: 'a', price: 1 },
      { item: 'b', price: 2 },
    ])
  })

  it('is checked when it is declared', () => {
    const list = t.struct({ a: t.list(t.string) })
    assert.throws(() => csv(list), { code: 'CONFIG_INVALID', message: /column "a"/ })
    assert.throws(() => csv(t.string), { code: 'CONFIG_INVALID' })
    assert.throws(() => csv(Price, { delimiter: '"' }), { code: 'CONFIG_INVALID' })
    assert.throws(() => csv(Price, { columns: ['item'] }), /no column "price"/)
  })

  it('goes on from each position, at any size of buffer, also when compressed', async (test) => {
    const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 32))
    test.diagnostic(`seed ${seed}`)
    const random = new SeededRandom(seed)
    const pieces = ['a', 'é', ',', '\n', '\r\n', '"', '😀', ' ', 'long '.repeat(20)]
    const words = () => Array.from({ length: random.int(5) }, () => pieces[random.int(9)]).join('')
    const expected = Array.from({ length: 5_000 }, () => ({
      item: words(),
      price: random.int(100),
    }))
    const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
    const rows = expected.map(({ item, price }) => `${price},${quoted(item)}\r\n`)
    const folder = await temporaryFolder(test)
    const text = `price,"item"\n${rows.join('')}`
    await writeFiles(folder, { 'in.csv': text, 'in.csv.gz': gzipSync(text) })
    for (const name of ['in.csv', 'in.csv.gz']) {
      const path = `${folder}/${name}`
      const source = fileSource({ path, format: csv(Price), recordBytesMax: 1_000 })
      const { values, positions } = await readAll(source)
      assert.deepEqual(values, expected)
      for (const from of positions.filter((_, index) => index % 4 === 1)) {
        const rest = await readFrom(source, from.split, from.position)
        assert.deepEqual(rest, expected.slice(from.values))
      }
    }
  })
})
