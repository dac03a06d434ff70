// Where savepoints are written to and read from: folders, URLs and stores, encrypted and signed
// ones, and how much of what they are made of is held in memory.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { keyedProcess, mapState, t, valueState } from 'millrace'
import {
  changed,
  convertSavepoint,
  fromIterable,
  openEncryptedStore,
  openSignedStore,
  Snapshot,
  type SavepointSpec,
  writeSavepoint,
} from 'millrace/savepoint'
import { MillraceError } from '../../src/errors.ts'
import { LocalKeys } from '../../src/encryption/local-keys.ts'
import { keysNeeded } from '../../src/savepoint/open-store.ts'
import { LocalSigners, parseSigners } from '../../src/signing/local-signers.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { written } from './written.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-places-'))
after(() => rmSync(folder, { recursive: true, force: true }))
let places = 0
const place = (): string => join(folder, `${++places}`)

const carts = keyedProcess({
  key: t.string,
  input: t.string,
  state: { total: valueState(t.float64), items: mapState(t.int32, t.string) },
  processElement: () => undefined,
})
const entries = ['ann', 'bob', 'eve'].map((key, at) => ({ key, states: { total: at } }))
const SPEC: SavepointSpec = {
  jobName: 'carts',
  maxParallelism: 16,
  operators: { carts: fromIterable(carts, entries) },
}

async function totalsOf(snapshot: Snapshot): Promise<readonly unknown[]> {
  const totals: [string, unknown][] = []
  for await (const { key, states } of snapshot.state(carts, 'carts').rows()) {
    totals.push([key, states.total])
  }
  return totals.toSorted(([a], [b]) => (a < b ? -1 : 1))
}

const EXPECTED = [
  ['ann', 0],
  ['bob', 1],
  ['eve', 2],
]

/** A store that notes what was created in it, and that it was closed. */
class NotingStore extends MemoryBlobStore {
  readonly created: string[] = []
  closed = 0

  override create(...rest: Parameters<MemoryBlobStore['create']>) {
    this.created.push(rest[0])
    return super.create(...rest)
  }

  override close(): Promise<void> {
    this.closed++
    return super.close()
  }
}

test('folders and URLs are written to and read from as stores are', async () => {
  const [made, wider] = [place(), place()]
  await writeSavepoint(made, SPEC)
  await using from = await Snapshot.open(pathToFileURL(made))
  await convertSavepoint(pathToFileURL(wider), { from, maxParallelism: 64 })
  await using converted = await Snapshot.open(wider)
  assert.equal(converted.maxParallelism, 64)
  for (const snapshot of [from, converted]) assert.deepEqual(await totalsOf(snapshot), EXPECTED)
  for (const taken of [made, pathToFileURL(wider)]) {
    await assert.rejects(writeSavepoint(taken, SPEC), { code: 'STORAGE_CONFLICT' })
    const request = convertSavepoint(taken, { from, maxParallelism: 4 })
    await assert.rejects(request, { code: 'STORAGE_CONFLICT' })
  }
})

test('what was opened for a location is closed, a store stays its owner’s to close', async () => {
  const own = new NotingStore()
  await writeSavepoint(own, SPEC)
  const snapshot = await Snapshot.open(own)
  const target = new NotingStore()
  await convertSavepoint(target, { from: snapshot, maxParallelism: 4 })
  await snapshot[Symbol.asyncDispose]()
  assert.deepEqual([own.closed, target.closed], [0, 0])
  const usual = Object.getOwnPropertyDescriptor(MemoryBlobStore.prototype, 'close')
  assert.ok(usual !== undefined)
  let closed = 0
  const noted = async (): Promise<void> => void closed++
  Object.defineProperty(MemoryBlobStore.prototype, 'close', { ...usual, value: noted })
  try {
    const [made, wider] = [`memory:places-${++places}`, `memory:places-${++places}`]
    await writeSavepoint(made, SPEC)
    assert.equal(closed, 1)
    await assert.rejects(writeSavepoint(made, SPEC), { code: 'STORAGE_CONFLICT' })
    assert.equal(closed, 2)
    const from = await Snapshot.open(made)
    await convertSavepoint(wider, { from, maxParallelism: 4 })
    assert.equal(closed, 3)
    await from[Symbol.asyncDispose]()
    assert.equal(closed, 4)
  } finally {
    Object.defineProperty(MemoryBlobStore.prototype, 'close', usual)
  }
})

test('the checkpoint that is named is opened, else the newest', async () => {
  const store = new MemoryBlobStore()
  await writeSavepoint(store, SPEC)
  assert.equal((await Snapshot.open(store, { checkpointId: 1 })).checkpointId, 1)
  const missing = Snapshot.open(store, { checkpointId: 7 })
  await assert.rejects(missing, { code: 'CHECKPOINT_NOT_FOUND' })
})

test('an encrypted savepoint is read with its keys, a plain one also with some', async () => {
  const keys = new LocalKeys(new Map([['first', new Uint8Array(32).fill(1)]]))
  process.env['MILLRACE_PLACES_KEY'] = `first ${Buffer.alloc(32, 1).toString('base64')}`
  const [plain, sealed] = [place(), place()]
  await writeSavepoint(plain, SPEC)
  const store = await openEncryptedStore(pathToFileURL(sealed), keys)
  await writeSavepoint(store, SPEC)
  await store.close()
  for (const each of [keys, 'env:MILLRACE_PLACES_KEY']) {
    for (const location of [plain, sealed]) {
      await using snapshot = await Snapshot.open(location, { keys: each })
      assert.deepEqual(await totalsOf(snapshot), EXPECTED)
      const needed = await keysNeeded(snapshot.store, snapshot.link)
      assert.deepEqual(needed, location === plain ? undefined : { first: 1 })
    }
  }
  await assert.rejects(Snapshot.open(sealed), { code: 'STORAGE_ENCRYPTED' })
})

test('a signed savepoint is read with its keys, an unsigned one is refused then', async () => {
  const text = `one ${Buffer.alloc(32, 7).toString('base64')}`
  const signingKeys = new LocalSigners(parseSigners(text, 'a test'))
  process.env['MILLRACE_PLACES_SIGNING'] = text
  const keys = new LocalKeys(new Map([['first', new Uint8Array(32).fill(1)]]))
  const [plain, signed, both] = [place(), place(), place()]
  await writeSavepoint(plain, SPEC)
  for (const [location, options] of [
    [signed, {}],
    [both, { keys }],
  ] as const) {
    const store = await openSignedStore(location, 'env:MILLRACE_PLACES_SIGNING', options)
    await writeSavepoint(store, SPEC)
    await store.close()
    await using snapshot = await Snapshot.open(location, { signingKeys, ...options })
    assert.deepEqual(await totalsOf(snapshot), EXPECTED)
    const needed = await keysNeeded(snapshot.store, snapshot.link)
    assert.deepEqual(needed, location === both ? { first: 1 } : undefined)
  }
  await assert.rejects(Snapshot.open(plain, { signingKeys }), { code: 'SIGNATURE_MISSING' })
  await assert.rejects(Snapshot.open(both, { signingKeys }), { code: 'STORAGE_ENCRYPTED' })
  const none = openSignedStore(place(), 'env:MILLRACE_PLACES_NONE')
  await assert.rejects(none, { code: 'KEY_NOT_FOUND' })
  assert.equal(existsSync(join(folder, `${places}`)), false)
})

test('what was written meanwhile is not overwritten, and nothing is left beside it', async () => {
  await using from = await written(SPEC)
  const late = (): NotingStore => {
    const store = new NotingStore()
    const put = store.putIfAbsent.bind(store)
    // Somebody else has written the first link just before.
    store.putIfAbsent = async (name, bytes) => {
      await put(name, Uint8Array.of(1))
      return put(name, bytes)
    }
    return store
  }
  const [made, converted] = [late(), late()]
  const conflict = { code: 'STORAGE_CONFLICT' }
  await assert.rejects(convertSavepoint(converted, { from, maxParallelism: 4 }), conflict)
  assert.deepEqual((await converted.list('runs/')).length, 0)
  await assert.rejects(writeSavepoint(made, SPEC), conflict)
  assert.deepEqual((await made.list('runs/')).length, 0)
})

test('who comes second to a place takes nothing of what the first has written there', async () => {
  await using from = await written(SPEC)
  const writes = [
    (store: MemoryBlobStore) => writeSavepoint(store, SPEC),
    (store: MemoryBlobStore) => writeSavepoint(store, { from }),
    (store: MemoryBlobStore) => convertSavepoint(store, { from, maxParallelism: 4 }),
  ]
  for (const write of writes) {
    const blobs = new Map<string, Uint8Array>()
    const [first, second] = [1, 2].map(() => new MemoryBlobStore('memory:', blobs))
    assert.ok(first !== undefined && second !== undefined)
    // Both found the place empty.
    second.list = async () => {
      await write(first)
      return []
    }
    await assert.rejects(write(second), { code: 'STORAGE_CONFLICT' })
    assert.deepEqual(await totalsOf(await Snapshot.open(first)), EXPECTED)
  }
})

test('a manifest that is there although its put seemed to fail keeps its files', async () => {
  await using from = await written(SPEC)
  const writes = [
    (store: MemoryBlobStore) => writeSavepoint(store, SPEC),
    (store: MemoryBlobStore) => convertSavepoint(store, { from, maxParallelism: 4 }),
  ]
  for (const [write, isThere] of writes.flatMap(
    (each) =>
      [
        [each, true],
        [each, false],
      ] as const,
  )) {
    const store = new MemoryBlobStore()
    const put = store.putIfAbsent.bind(store)
    store.putIfAbsent = async (name, bytes) => {
      if (isThere) await put(name, bytes)
      throw new MillraceError('STORAGE_FAILED', 'no answer')
    }
    await assert.rejects(write(store), { code: 'STORAGE_FAILED' })
    if (isThere) assert.deepEqual(await totalsOf(await Snapshot.open(store)), EXPECTED)
    else assert.deepEqual(await store.list(''), [])
  }
})

test('no more is sorted in memory at once than is said, and little in one piece', async () => {
  const many = Array.from({ length: 40 }, (_, at) => ({ key: `key ${at}`, states: { total: at } }))
  const spec = (): SavepointSpec => ({
    ...SPEC,
    operators: { carts: fromIterable(carts, many) },
  })
  await using from = await written(spec())
  const filesFor = async (memoryBytes?: number): Promise<readonly number[]> => {
    const limit = memoryBytes === undefined ? {} : { memoryBytes }
    const [made, converted] = [new NotingStore(), new NotingStore()]
    await writeSavepoint(made, { ...spec(), ...limit })
    await convertSavepoint(converted, { from, maxParallelism: 8, ...limit })
    for (const store of [made, converted]) {
      assert.equal((await store.list('runs/')).length, 1, 'what was sorted in pieces is merged')
      assert.equal((await totalsOf(await Snapshot.open(store))).length, 40)
    }
    return [made.created.length, converted.created.length]
  }
  assert.deepEqual(await filesFor(), [1, 1])
  assert.deepEqual(await filesFor(100_000), [1, 1])
  // An entry counts for its bytes and 200 more: each is over 200, two are over 400.
  assert.deepEqual(await filesFor(400), [21, 21])
  assert.deepEqual(await filesFor(1), [41, 41])
})

test('how far a conversion is is told after so many entries, if somebody listens', async () => {
  const items = new Map(Array.from({ length: 10_020 }, (_, at) => [at, 'x']))
  const large = [{ key: 'ann', states: { items } }]
  await using from = await written({ ...SPEC, operators: { carts: fromIterable(carts, large) } })
  const told: (readonly number[])[] = []
  const onProgress = (done: number, of: number): void => void told.push([done, of])
  await convertSavepoint(new MemoryBlobStore(), { from, maxParallelism: 4, onProgress })
  assert.deepEqual(told, [
    [10_000, 10_020],
    [10_020, 10_020],
  ])
  const silent = await convertSavepoint(new MemoryBlobStore(), { from, maxParallelism: 4 })
  assert.equal(silent.entries, 10_020)
})

test('nothing is left of a savepoint that fails in the middle of a run', async () => {
  await using from = await written(SPEC)
  const store = new NotingStore()
  let rows = 0
  const failing = changed(carts, {
    rows: ({ states }) => {
      if (++rows === 3) throw new Error('the third is too much')
      return { total: (states.total ?? 0) + 1 }
    },
  })
  const request = writeSavepoint(store, { from, operators: { carts: failing } })
  await assert.rejects(request, /the third is too much/)
  assert.equal(store.created.length, 1)
  assert.deepEqual(await store.list(''), [])
})
