// State that is sealed by subject, in whole jobs: no byte of a checkpoint tells whose it is or
// what, even with the keys of encryption, and what was erased comes back from nowhere.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import {
  eventTimer,
  job,
  type KeyedStream,
  keyedProcess,
  listState,
  type Logger,
  mapState,
  run,
  type RunOptions,
  t,
  valueState,
} from 'millrace'
import { dataGenerator, sink } from 'millrace/connectors'
import {
  convertSavepoint,
  differences,
  Snapshot,
  writeSavepoint,
  changed,
} from 'millrace/savepoint'
import { EncryptedBlobStore } from '../../src/encryption/encrypted-store.ts'
import { openKeys } from '../../src/runtime/host-embedded-keys.ts'
import { openBlobStore } from '../../src/storage/open.ts'
import { perform } from '../cli/cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-shredding-'))
after(() => rmSync(folder, { recursive: true, force: true }))
process.env['SHREDDING_TEST_KEY'] = Buffer.alloc(32, 1).toString('base64')
process.env['SHREDDING_TEST_VAULT'] = Buffer.alloc(32, 2).toString('base64')
const encryption = { keys: 'env:SHREDDING_TEST_KEY', subjects: 'env:SHREDDING_TEST_VAULT' }

const ignore = (): void => undefined
const silent = { debug: ignore, info: ignore, warn: ignore, error: ignore }

const PEOPLE = 12
/** Of which every key and value of a person is made. */
const CANARY = 'canary-4711'
const personOf = (n: number): string => `${CANARY}-${n % PEOPLE}`
const ERASED = personOf(3)

interface Order {
  readonly person: string
  readonly n: number
}

type Key = [person: string, month: string]
const keyType = t.tuple(t.string, t.string)

const seen = new Map<string, number>()
/** The first that was seen of each since it was emptied. */
const firstSeen = new Map<string, number>()
const kept = keyedProcess({
  key: keyType,
  input: t.struct({ person: t.string, n: t.float64 }),
  output: t.struct({ person: t.string, n: t.float64 }),
  state: {
    total: valueState(t.float64, { initial: 0 }),
    name: valueState(t.string),
    list: listState(t.string),
    map: mapState(t.string, t.string),
  },
  timers: { far: eventTimer(t.string) },
  onTimer() {},
  processElement({ person, n }, ctx, out) {
    const { total, name, list, map } = ctx.state
    total.update(total.value() + 1)
    name.update(`name of ${person}`)
    if (total.value() < 9) list.add(`element ${n} of ${person}`)
    map.set(`entry ${n % 7} of ${person}`, `value of ${person}`)
    ctx.timers.far.set(1e15, `timer of ${person}`)
    out.collect({ person, n: total.value() })
  },
})

type Shred = (stream: KeyedStream<Key, Order>) => KeyedStream<Key, Order>
const without: Shred = (stream) => stream
const byPerson: Shred = (stream) => stream.shredBy(([person]) => person)

function note(counts: readonly Order[]): void {
  for (const { person, n } of counts) {
    seen.set(person, n)
    if (!firstSeen.has(person)) firstSeen.set(person, n)
  }
}

const orders = (shred: Shred, more = {}) =>
  job('orders', { checkpointing: { interval: '1 h', keep: 9, ...more } }, (env) => {
    const generate = (n: number): Order => ({ person: personOf(n), n })
    const type = t.struct({ person: t.string, n: t.float64 })
    shred(
      env
        .fromSource('orders', dataGenerator({ generate, ratePerSecond: 5_000, type }))
        .keyBy(({ person, n }): Key => [person, `month ${Math.floor(n / PEOPLE) % 2}`], keyType),
    )
      .process('kept', kept)
      .sinkTo('out', sink({ write: note }))
  })

type Options = RunOptions & { readonly directory: string }
const optionsFor = (name: string, more: RunOptions = {}): Options => {
  return { directory: join(folder, name), encryption, ...more }
}
const storageOf = ({ directory }: Options): string => join(directory, 'orders', 'checkpoints')

/** Waits until the job has seen everybody so often. */
async function seenBy(count: number): Promise<void> {
  while (seen.size < PEOPLE || [...seen.values()].some((n) => n < count)) {
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

/** Keys and all that is under them, as the tools read a checkpoint. */
async function contentOf(location: string, checkpointId?: number) {
  const options = { keys: encryption.keys, subjectKeys: encryption.subjects }
  const which = checkpointId === undefined ? {} : { checkpointId }
  await using snapshot = await Snapshot.open(location, { ...options, ...which })
  const rows = new Map<string, unknown>()
  for await (const { key, states } of snapshot.state('kept').rows()) {
    rows.set(JSON.stringify(key), states)
  }
  for await (const { key, payload } of snapshot.state('kept').timers()) {
    rows.set(`timer ${JSON.stringify(key)}`, payload)
  }
  return { rows, erased: snapshot.erasedEntries, id: snapshot.checkpointId }
}

/** Every byte that who has the keys of encryption can read. */
async function decrypted(location: string): Promise<Buffer> {
  const store = new EncryptedBlobStore(
    await openBlobStore(location),
    await openKeys(encryption.keys),
  )
  const bytes: Uint8Array[] = []
  for (const { name } of await store.list('')) {
    if (!name.startsWith('subjects/')) bytes.push(await store.read(name))
  }
  await store.close()
  return Buffer.concat(bytes)
}

test('what was erased is in no checkpoint any more, and all else is as it was', async () => {
  const options = optionsFor('erased', { checkpointing: { compression: 'none' } })
  const location = storageOf(options)
  const savepoint = join(folder, 'erased-saved')
  seen.clear()
  await using first = await run(orders(byPerson), options)
  const ids: number[] = []
  for (const round of [1, 2, 3]) {
    await seenBy(round * 3)
    ids.push((await first.checkpoint()).checkpointId)
  }
  await first.savepoint(savepoint)
  assert.equal((await decrypted(location)).includes(CANARY), false)
  assert.equal((await decrypted(savepoint)).includes(CANARY), false)
  const before = new Map<number, Map<string, unknown>>()
  for (const id of ids) before.set(id, (await contentOf(location, id)).rows)
  await first.erase({ subject: ERASED })
  await first.stop()
  for (const id of ids) {
    const { rows, erased } = await contentOf(location, id)
    assert.ok(erased > 0)
    const expected = [...(before.get(id) ?? [])].filter(([key]) => !key.includes(`${ERASED}"`))
    assert.ok(expected.length === 4 * (PEOPLE - 1), String(expected.length))
    assert.deepEqual([...rows], expected)
  }
  assert.equal(
    [...(await contentOf(savepoint)).rows.keys()].some((key) => key.includes(`${ERASED}"`)),
    false,
  )
})

test('a subject that comes back begins anew, and others go on', async () => {
  const options = optionsFor('again')
  seen.clear()
  await using first = await run(orders(byPerson), options)
  await seenBy(20)
  await first.stop()
  const place = ['--directory', options.directory, '--encryption-keys', encryption.keys]
  const args = ['state', 'erase', 'orders', ...place, '--encryption-subjects', encryption.subjects]
  const erased = await perform(folder, [...args, '--subject', ERASED])
  assert.equal(erased.code, 0, erased.err)
  const { erased: passedOver } = await contentOf(storageOf(options))
  assert.ok(passedOver > 0)
  seen.clear()
  firstSeen.clear()
  const told: unknown[] = []
  const logger: Logger = {
    ...silent,
    child: () => logger,
    info: (fields) => void told.push(fields),
  }
  await using second = await run(orders(byPerson), { ...options, logger })
  await seenBy(5)
  await second.stop()
  const loaded = told.find((each) => Reflect.get(Object(each), 'event') === 'millrace:state:loaded')
  // The tools have read all of it twice, for rows and for timers.
  assert.equal(Reflect.get(Object(loaded), 'erasedEntries'), passedOver / 2)
  assert.equal(firstSeen.get(ERASED), 1)
  assert.ok((firstSeen.get(personOf(4)) ?? 0) > 10)
  const { rows } = await contentOf(storageOf(options))
  assert.equal(rows.size, 4 * PEOPLE)
  assert.ok([...rows.keys()].some((key) => key.includes(`${ERASED}"`)))
})

test('tools read, compare and convert what is sealed', async () => {
  const options = optionsFor('tools')
  const location = storageOf(options)
  seen.clear()
  await using handle = await run(orders(byPerson), options)
  await seenBy(5)
  const one = await handle.checkpoint()
  await seenBy(8)
  await handle.stop()
  const keys = { keys: encryption.keys, subjectKeys: encryption.subjects }
  await using before = await Snapshot.open(location, { ...keys, checkpointId: one.checkpointId })
  await using after = await Snapshot.open(location, keys)
  const found = await before.state('kept').get([personOf(4), 'month 0'])
  assert.equal(found?.states['name'], `name of ${personOf(4)}`)
  assert.equal(await before.state('kept').get([personOf(4), 'month 9']), undefined)
  const changes = new Set<string>()
  for await (const { change } of differences(before, after)) changes.add(change)
  assert.deepEqual([...changes].toSorted(), ['changed', 'same'])
  const content = await contentOf(location)
  const store = await openBlobStore('memory:shredding-converted')
  await convertSavepoint(store, { from: after, maxParallelism: 33 })
  const converted = Object.assign(store, { subjects: after.store.subjects })
  await using wider = await Snapshot.open(converted)
  const rows: string[] = []
  for await (const { key } of wider.state('kept').rows()) rows.push(JSON.stringify(key))
  const expected = [...content.rows.keys()].filter((key) => !key.startsWith('timer'))
  assert.deepEqual(rows.toSorted(), expected.toSorted())
  const spec = { from: after, operators: { kept: changed({ rows: ({ states }) => states }) } }
  await assert.rejects(writeSavepoint(join(folder, 'changed'), spec), {
    code: 'CHECKPOINT_INCOMPATIBLE',
    message: /sealed by subject/,
  })
  const withoutSubjects = await Snapshot.open(location, { keys: encryption.keys })
  await assert.rejects(withoutSubjects.state('kept').rows().next(), { code: 'KEY_NOT_FOUND' })
})

test('a job with shredBy does not start without what it needs', async () => {
  const { keys } = encryption
  const none = run(orders(byPerson), { ...optionsFor('none'), encryption: { keys } })
  await assert.rejects(none, { code: 'SUBJECT_KEYS_MISSING', message: /"kept" declares shredBy/ })
  const unaligned = run(orders(byPerson, { unaligned: 'always' }), optionsFor('unaligned'))
  await assert.rejects(unaligned, { code: 'CONFIG_INVALID', message: /overtake/ })
})

for (const [title, first, second] of [
  ['added to', without, byPerson],
  ['taken from', byPerson, without],
] as const) {
  test(`shredBy cannot be ${title} an operator that holds state`, async () => {
    const options = optionsFor(title.replace(' ', '-'))
    seen.clear()
    await using handle = await run(orders(first), options)
    await seenBy(1)
    await handle.stop()
    await assert.rejects(run(orders(second), options), {
      code: 'CHECKPOINT_INCOMPATIBLE',
      message: /shredBy/,
    })
    await using fresh = await run(orders(second), { ...options, drop: ['kept'] })
    await fresh.stop()
  })
}
