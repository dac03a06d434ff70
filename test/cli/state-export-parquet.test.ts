// state export --format parquet: what DuckDB reads back is what the JSON lines say.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { job, listState, mapState, run, setState, t, valueState } from 'millrace'
import { sink } from 'millrace/connectors'
import { perform, start, temporaryFolder } from './cli.ts'

interface Result {
  columnTypes(): readonly unknown[]
  getRowObjectsJson(): readonly unknown[]
}
interface DuckDb {
  DuckDBInstance: {
    create(path: string): Promise<{
      connect(): Promise<{ runAndReadAll(sql: string): Promise<Result>; closeSync(): void }>
      closeSync(): void
    }>
  }
}

const packageName = '@duckdb/node-api'
const require = createRequire(import.meta.url)
const isThere = (() => {
  try {
    require(packageName)
    return true
  } catch {
    return false
  }
})()
const skip = isThere ? false : `the package ${packageName} is not installed`

const folder = temporaryFolder()
after(() => folder.remove())
const cli = (...args: string[]) => perform(folder.path, args)
const exportOf = (...args: string[]) => cli('state', 'export', 'orders', 'seen', ...args)

const order = t.struct({
  count: t.int32,
  total: t.int64,
  note: t.optional(t.string),
  'a "name"': t.nullable(t.boolean),
})
// Texts that look like something else, and one that is in one key's states only.
const keys = ['2020-01-01', '17', "it's", 'ü \u{1f40b}', 'true']

const orders = job('orders', (env) => {
  env
    .fromElements('keys', keys)
    .keyBy((key) => key, t.string)
    .process('seen', {
      state: {
        last: valueState(order),
        ratio: valueState(t.float64),
        free: valueState(t.json<unknown>()),
        texts: listState(t.string),
        flags: setState(t.boolean),
        byName: mapState(t.string, t.int32),
        long: valueState(t.string),
        cased: valueState(t.struct({ a: t.int32, A: t.int32 })),
      },
      processElement(key, { state }) {
        const place = keys.indexOf(key)
        state.last.update({
          count: place,
          total: 9_007_199_254_740_993n * BigInt(place),
          note: place === 1 ? undefined : `${key}, "quoted"\n`,
          'a "name"': place === 2 ? null : place > 2,
        })
        state.ratio.update([0.1, 2, Number.NaN, -Infinity, 1e300][place] ?? 0)
        state.free.update(place === 0 ? 'text' : { place, list: [1, 'a', null] })
        for (const text of ['2021-02-03', key]) state.texts.add(text)
        state.flags.add(place > 2)
        state.byName.set(key, place)
        state.cased.update({ a: place, A: -place })
        if (place === 4) state.long.update('x'.repeat(20_000_000))
      },
    })
    .sinkTo('nothing', sink({ write: () => undefined }))
})

before(async () => {
  const directory = join(folder.path, '.millrace')
  await using handle = await run(orders, { directory, backend: 'hashmap' })
  await handle.finished
})

async function readBack(path: string): Promise<{ types: readonly string[]; rows: Row[] }> {
  // Of the package only what is declared above is used.
  const { DuckDBInstance } = require(packageName) as DuckDb
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const pattern = path.replace(/[[*?]/g, (each) => `[${each}]`).replaceAll("'", "''")
  const query = `SELECT * FROM read_parquet('${pattern}', hive_partitioning = false)`
  const result = await connection.runAndReadAll(query)
  const types = result.columnTypes().map(String)
  const rows = result.getRowObjectsJson() as Row[]
  connection.closeSync()
  instance.closeSync()
  return { types, rows }
}

interface Row {
  readonly key: string
  readonly states: Readonly<Record<string, unknown>>
}

/** What Parquet has no shape for is JSON in it, and what a key lacks is null. */
function asInLines({ key, states }: Row): Row {
  const present = Object.entries(states).filter(([, value]) => value !== null)
  const plain = present.map(([name, value]) => {
    const isJson = ['free', 'byName', 'cased'].includes(name)
    return [name, isJson ? (JSON.parse(String(value)) as unknown) : value]
  })
  return { key, states: Object.fromEntries(plain) as Row['states'] }
}

/** Of a struct every field is there, null where it was left out. */
function withNote({ key, states }: Row): Row {
  return { key, states: { ...states, last: { note: null, ...(states['last'] as object) } } }
}

const sorted = (rows: readonly Row[]) => rows.toSorted((a, b) => a.key.localeCompare(b.key))

test('Parquet holds the rows of the JSON lines, with types', { skip }, async () => {
  const place = "it's [a]/year=2024"
  mkdirSync(join(folder.path, place), { recursive: true })
  const name = `${place}/rows'.parquet`
  const { code, err, out } = await exportOf('--format', 'parquet', '--output', name)
  assert.equal(code, 0, err)
  assert.equal(out, '')
  assert.equal(err, '5 keys\n')
  assert.deepEqual(readdirSync(join(folder.path, place)), ["rows'.parquet"], 'nothing else is left')
  const { types, rows } = await readBack(join(folder.path, name))
  const last =
    '"last" STRUCT("count" INTEGER, "total" BIGINT, "note" VARCHAR, "a ""name""" BOOLEAN)'
  const rest =
    '"texts" VARCHAR[], "flags" BOOLEAN[], "byName" VARCHAR, "long" VARCHAR, "cased" VARCHAR'
  assert.deepEqual(types, ['VARCHAR', `STRUCT(${last}, "ratio" DOUBLE, "free" VARCHAR, ${rest})`])
  const lines = (await exportOf()).out.trimEnd().split('\n')
  const expected = lines.map((line) => withNote(JSON.parse(line) as Row))
  assert.equal(rows.length, keys.length)
  assert.deepEqual(sorted(rows.map(asInLines)), sorted(expected))
})

test('Parquet of one state has that column only', { skip }, async () => {
  const args = ['--format', 'parquet', '--output', 'one.parquet', '--state', 'ratio']
  assert.equal((await exportOf(...args)).code, 0)
  const { types } = await readBack(join(folder.path, 'one.parquet'))
  assert.deepEqual(types, ['VARCHAR', 'STRUCT("ratio" DOUBLE)'])
})

test('Parquet replaces no file, and leaves nothing behind when it fails', { skip }, async () => {
  const path = join(folder.path, 'mine.parquet')
  writeFileSync(path, 'mine')
  const refused = await exportOf('--format', 'parquet', '--output', 'mine.parquet')
  assert.equal(refused.code, 1)
  assert.match(refused.err, /mine\.parquet exists already[\s\S]*STORAGE_CONFLICT/)
  assert.equal(readFileSync(path, 'utf8'), 'mine')
  const before = readdirSync(folder.path)
  const unknown = ['--format', 'parquet', '--output', 'a.parquet', '--state', 'lats']
  assert.match((await exportOf(...unknown)).err, /did you mean last\?/)
  const nowhere = await exportOf('--format', 'parquet', '--output', 'absent/a.parquet')
  assert.match(nowhere.err, /cannot write the file absent\/a\.parquet/)
  assert.deepEqual(readdirSync(folder.path), before)
})

test('Parquet needs a file', async () => {
  const { code, err } = await exportOf('--format', 'parquet')
  assert.equal(code, 2)
  assert.match(err, /needs a file[\s\S]*--output/)
})

/** Runs an export in a process where `require` of the package does what `body` says. */
function exportWith(body: string, output: string) {
  const hook = `import { registerHooks } from 'node:module'
    registerHooks({ resolve: (name, context, next) => {
      if (name !== '${packageName}') return next(name, context)
      ${body}
    } })`
  const encoded = Buffer.from(hook).toString('base64')
  const args = ['state', 'export', 'orders', 'seen', '--format', 'parquet', '--output', output]
  const environment = { NODE_OPTIONS: `--import=data:text/javascript;base64,${encoded}` }
  return start(folder.path, args, environment).ended
}

test('Parquet names the package that is missing, and writes nothing', async () => {
  const missing = `const message = "Cannot find module '" + name + "'"
    throw Object.assign(new Error(message), { code: 'MODULE_NOT_FOUND' })`
  const { code, err } = await exportWith(missing, 'b.parquet')
  assert.equal(code, 1)
  assert.match(err, /needs the package @duckdb\/node-api, which is not installed/)
  assert.match(err, /npm install @duckdb\/node-api[\s\S]*PACKAGE_UNAVAILABLE/)
  assert.ok(!existsSync(join(folder.path, 'b.parquet')))
})

test('Parquet that cannot be written leaves neither file nor rows', async () => {
  const broken = join(folder.path, 'broken.cjs')
  writeFileSync(
    broken,
    `const closeSync = () => undefined
    const run = async () => { throw new Error('no space is left') }
    const connect = async () => ({ run, closeSync })
    exports.DuckDBInstance = { create: async () => ({ connect, closeSync }) }`,
  )
  const url = JSON.stringify(pathToFileURL(broken).href)
  const names = readdirSync(folder.path)
  const instead = `return { url: ${url}, format: 'commonjs', shortCircuit: true }`
  const { code, err } = await exportWith(instead, 'c.parquet')
  assert.equal(code, 1)
  assert.match(err, /cannot write Parquet: no space is left[\s\S]*STORAGE_FAILED/)
  assert.deepEqual(readdirSync(folder.path), names)
})
