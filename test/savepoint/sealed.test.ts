// What tools write of an operator that is sealed by subject stays sealed, or is refused: under
// another uid, with other key groups, beside operators that change. No key and no value is plain.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { job, keyedProcess, run, t, valueState } from 'millrace'
import { dataGenerator, sink } from 'millrace/connectors'
import {
  changed,
  dropped,
  fromIterable,
  fromSnapshot,
  type OperatorChange,
  Snapshot,
  writeSavepoint,
} from 'millrace/savepoint'
import { openBlobStore } from '../../src/storage/open.ts'
import { perform } from '../cli/cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-sealed-'))
after(() => rmSync(folder, { recursive: true, force: true }))
process.env['SEALED_TEST_KEY'] = Buffer.alloc(32, 1).toString('base64')
process.env['SEALED_TEST_VAULT'] = Buffer.alloc(32, 2).toString('base64')
const encryption = { keys: 'env:SEALED_TEST_KEY', subjects: 'env:SEALED_TEST_VAULT' }
const keys = { keys: encryption.keys, subjectKeys: encryption.subjects }
const directory = join(folder, 'jobs')
const location = join(directory, 'orders', 'checkpoints')

const CANARY = 'canary-4711'
const PEOPLE = 8

const naming = () =>
  keyedProcess({
    key: t.string,
    input: t.float64,
    output: t.string,
    state: { name: valueState(t.string), other: valueState(t.string) },
    processElement(n, { state, currentKey }, out) {
      state.name.update(`name of ${currentKey}`)
      state.other.update(`other of ${currentKey}`)
      out.collect(`${n}`)
    },
  })
const open = naming()
const kept = naming()

const orders = job('orders', { checkpointing: { interval: '1 h', compression: 'none' } }, (env) => {
  const numbers = env.fromSource(
    'numbers',
    dataGenerator({ generate: (n) => n, count: PEOPLE, type: t.float64 }),
  )
  numbers
    .keyBy((n) => `${CANARY}-${n}`, t.string)
    .shredBy((person) => person)
    .process('kept', kept)
    .sinkTo('out', sink({ write: () => undefined }))
  numbers
    .keyBy((n) => `open-${n}`, t.string)
    .process('open', open)
    .sinkTo('out2', sink({ write: () => undefined }))
})

let from: Snapshot
before(async () => {
  await using handle = await run(orders, { directory, encryption })
  assert.equal((await handle.finished).outcome, 'finished')
  from = await Snapshot.open(location, keys)
})
after(() => from[Symbol.asyncDispose]())

async function namesIn(snapshot: Snapshot, uid: string): Promise<string[]> {
  const names: string[] = []
  for await (const { key, states } of snapshot.state(uid).rows()) {
    names.push(`${String(key)}: ${JSON.stringify(states)}`)
  }
  return names.toSorted()
}

/** A savepoint that is not encrypted: all that is hidden in it is sealed. */
async function written(name: string, operators: Readonly<Record<string, OperatorChange>>) {
  const store = await openBlobStore(`memory:${name}`)
  await writeSavepoint(store, { from, operators })
  for (const { name: blob } of await store.list('')) {
    assert.ok(!Buffer.from(await store.read(blob)).includes(CANARY), blob)
  }
  assert.deepEqual(await Snapshot.open(store).then(({ link }) => link.subjects), from.link.subjects)
  return await Snapshot.open(Object.assign(store, { subjects: from.store.subjects }))
}

test('operators that are taken over stay sealed, whatever becomes of others', async () => {
  const plain = await namesIn(from, 'kept')
  assert.equal(plain.length, PEOPLE)
  assert.match(plain[0] ?? '', /name of canary/)
  await using same = await written('same', {})
  assert.deepEqual(await namesIn(same, 'kept'), plain)
  await using renamed = await written('renamed', { kept: changed({ rename: 'held' }) })
  assert.deepEqual(await namesIn(renamed, 'held'), plain)
  const rows = () => ({ name: 'anew' })
  await using beside = await written('beside', { open: changed(open, { rows }) })
  assert.deepEqual(await namesIn(beside, 'kept'), plain)
  assert.match((await namesIn(beside, 'open'))[0] ?? '', /anew/)
})

test('what would be written plain is refused, and nothing is left', async () => {
  const changes: readonly Readonly<Record<string, OperatorChange>>[] = [
    { kept: changed(kept, { rows: ({ states }) => states }) },
    { kept: changed({ drop: ['other'] }) },
    { kept: fromIterable(kept, [{ key: 'ann', states: { name: 'ann' } }]) },
    { other: fromSnapshot(from, 'kept') },
  ]
  for (const [at, operators] of changes.entries()) {
    const store = await openBlobStore(`memory:refused-${at}`)
    await assert.rejects(writeSavepoint(store, { from, operators }), {
      code: 'CHECKPOINT_INCOMPATIBLE',
      message: /"kept" are sealed by subject/,
      cure: /take it over as it is/,
    })
    assert.deepEqual(await store.list(''), [])
  }
})

test('a savepoint without what was sealed needs no vault', async () => {
  const store = await openBlobStore('memory:without')
  await writeSavepoint(store, { from, operators: { kept: dropped() } })
  await using without = await Snapshot.open(store)
  assert.equal(without.link.subjects, undefined)
  assert.deepEqual(await namesIn(without, 'open'), await namesIn(from, 'open'))
})

test('a converted checkpoint is sealed, is read with the vault, and is gone on from', async () => {
  const plain = await namesIn(from, 'kept')
  const flags = ['--encryption-keys', encryption.keys, '--encryption-subjects', encryption.subjects]
  for (const [to, more] of [
    ['copied', []],
    ['wider', ['--max-parallelism', '33']],
  ] as const) {
    const path = join(folder, to)
    const done = await perform(folder, ['checkpoint', 'convert', location, path, ...flags, ...more])
    assert.equal(done.code, 0, done.err)
    await using snapshot = await Snapshot.open(path, keys)
    assert.deepEqual(await namesIn(snapshot, 'kept'), plain)
    await using sealed = await Snapshot.open(path, { keys: encryption.keys })
    await assert.rejects(namesIn(sealed, 'kept'), { code: 'KEY_NOT_FOUND' })
  }
  const wider = ['checkpoint', 'convert', location, join(folder, 'not'), '--max-parallelism', '33']
  const without = await perform(folder, [...wider, '--encryption-keys', encryption.keys])
  assert.match(without.err, /KEY_NOT_FOUND/)
  const fork = { directory: join(folder, 'fork'), from: join(folder, 'copied') }
  await assert.rejects(run(orders, { ...fork, encryption }), {
    code: 'SUBJECT_KEYS_MISSING',
    cure: /put the folder subjects of/,
  })
})
