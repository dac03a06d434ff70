import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isMillraceError } from '../../../src/errors.ts'
import type { Entry } from '../../../src/state/backend.ts'
import { TRAILER_BYTES } from '../../../src/state/runs/run-trailer.ts'
import { RunReader } from '../../../src/state/runs/run-reader.ts'
import { RunWriter, type RunWriterOptions } from '../../../src/state/runs/run-writer.ts'
import type { RunReference } from '../../../src/state/snapshot.ts'
import type { BlobWriter } from '../../../src/storage/blob-store.ts'
import { MemoryBlobStore } from '../../../src/storage/memory.ts'
import { SeededRandom } from '../../../src/util/random.ts'
import { collect, liveValue, METADATA, rangeTombstone, rowKey } from './entries.ts'

const store = new MemoryBlobStore()
let names = 0

async function writeRun(
  entries: Iterable<Entry>,
  options: RunWriterOptions = {},
  into = store,
): Promise<RunReference> {
  const writer = await RunWriter.create(into, `run-${++names}`, METADATA, options)
  for (const entry of entries) {
    writer.add(entry)
    await writer.flushIfFull()
  }
  return writer.close()
}

function* rows(count: number): Generator<Entry> {
  for (let index = 0; index < count; index++) {
    yield { key: rowKey(3, index), value: liveValue(`value ${index}`) }
  }
}

/** Not as a Buffer, which to an assertion is something else. */
const plain = (bytes: Uint8Array = new Uint8Array(0)): Uint8Array => Uint8Array.from(bytes)

for (const compression of ['zstd', 'none'] as const) {
  test(`a run gives back what was written into it (${compression})`, async () => {
    const entries = [...rows(5000)]
    const reader = await RunReader.open(store, await writeRun(entries, { compression }))
    assert.deepEqual(await collect(reader.scan()), entries)
    assert.equal(reader.entries, 5000)
    assert.ok(reader.blocks > 2)
    const [first, last] = [entries[0], entries.at(-1)].map((entry) => plain(entry?.key))
    assert.deepEqual(reader.bounds, { first, last })
    assert.deepEqual(reader.metadata, { ...METADATA, timedOperators: [] })
    await reader.verify()
  })
}

test('a run without entries can be read', async () => {
  const reader = await RunReader.open(store, await writeRun([]))
  assert.deepEqual(await collect(reader.scan()), [])
  assert.equal(await reader.get(rowKey(0, 1)), undefined)
  assert.equal(reader.bounds, undefined)
  await reader.verify()
})

test('get finds each entry and nothing else', async () => {
  const entries = [...rows(20_000)].filter((_, index) => index % 2 === 0)
  const reader = await RunReader.open(store, await writeRun(entries))
  for (let index = 0; index < entries.length; index += 97) {
    const entry = entries[index] as Entry
    assert.deepEqual(await reader.get(entry.key), entry.value)
    assert.equal(await reader.get(rowKey(3, index * 2 + 1)), undefined)
  }
  assert.equal(await reader.get(rowKey(0, 5)), undefined)
  assert.equal(await reader.get(rowKey(9, 5)), undefined)
})

test('a scan is clipped to key groups and starts where it is told', async () => {
  const entries: Entry[] = []
  for (let group = 0; group < 20; group++) {
    for (let key = 0; key < 300; key++) {
      entries.push({ key: rowKey(group, key), value: liveValue('x') })
    }
  }
  const reader = await RunReader.open(store, await writeRun(entries, { blockBytes: 512 }))
  assert.deepEqual(await collect(reader.scan({ start: 4, end: 6 })), entries.slice(1200, 2100))
  assert.deepEqual(await collect(reader.scan({ start: 19, end: 40 })), entries.slice(5700))
  assert.deepEqual(await collect(reader.scan({ start: 30, end: 40 })), [])
  const from = (entries[1500] as Entry).key
  assert.deepEqual(
    await collect(reader.scan({ start: 4, end: 6 }, from)),
    entries.slice(1500, 2100),
  )
  assert.deepEqual(await collect(reader.prefix(from.subarray(0, 5))), entries.slice(1500, 1800))
  assert.deepEqual(await collect(reader.prefix(from)), [entries[1500]])
})

test('entries that are not in ascending order are refused', async () => {
  const writer = await RunWriter.create(store, 'unordered', METADATA)
  writer.add({ key: rowKey(1, 5), value: liveValue('a') })
  assert.throws(() => writer.add({ key: rowKey(1, 5), value: liveValue('b') }), /ascending/)
  assert.throws(() => writer.add({ key: rowKey(1, 4), value: liveValue('b') }), /ascending/)
  await writer.abort()
  await writer.abort()
  await assert.rejects(store.stat('unordered'), { code: 'STORAGE_NOT_FOUND' })
})

test('a run is known by a hash of its footer where the store asks for it', async () => {
  const reference = await writeRun(rows(10), { hashes: true })
  assert.match(reference.footerHash ?? '', /^[0-9a-f]{64}$/)
  const reader = await RunReader.open(store, reference)
  assert.equal(reader.entries, 10)
})

test('a check of a run finds what its footer and length tell, and reads no more', async () => {
  const store = new MemoryBlobStore()
  const reference = await writeRun(rows(5000), { hashes: true }, store)
  const bytes = await store.read(reference.name, 0, reference.lengthBytes)
  await RunReader.check(store, reference)
  const placed = async (changed: Uint8Array): Promise<RunReference> => {
    const name = `changed-${++names}`
    await store.putIfAbsent(name, changed)
    return { ...reference, name }
  }
  const flipped = (at: number): Uint8Array => {
    const changed = Uint8Array.from(bytes)
    changed[at] = (changed[at] as number) ^ 1
    return changed
  }
  const damaged = { code: 'STORAGE_CORRUPT' }
  await RunReader.check(store, await placed(flipped(0)))
  await assert.rejects(RunReader.check(store, await placed(flipped(bytes.length - 1))), damaged)
  const inFooter = await placed(flipped(bytes.length - TRAILER_BYTES - 1))
  await assert.rejects(RunReader.check(store, inFooter), damaged)
  await assert.rejects(RunReader.check(store, await placed(bytes.subarray(1))), damaged)
  const others = [{ footerChecksum: 1 }, { footerHash: '0'.repeat(64) }, { lengthBytes: 5 }]
  for (const other of others) {
    await assert.rejects(RunReader.check(store, { ...reference, ...other }), damaged)
  }
  const lost = { ...reference, name: 'gone' }
  await assert.rejects(RunReader.check(store, lost), { code: 'STORAGE_NOT_FOUND' })
})

test('what is written goes to the store as it gathers, not at the end', async () => {
  const written: number[] = []
  const store = new MemoryBlobStore()
  const blob = await store.create('run-gathers')
  const watched: BlobWriter = {
    write: (bytes) => {
      written.push(bytes.length)
      return blob.write(bytes)
    },
    close: () => blob.close(),
    abort: () => blob.abort(),
  }
  const writer = new RunWriter(watched, 'run-gathers', METADATA, { compression: 'none' })
  for (let index = 0; index < 50; index++) {
    writer.add({ key: rowKey(1, index), value: liveValue('x'.repeat(100_000)) })
    await writer.flushIfFull()
  }
  await writer.close()
  assert.ok(written.length > 4 && Math.max(...written) < 2_500_000, written.join())
})

test('values larger than a block and a chunk are kept', async () => {
  const random = new SeededRandom(1)
  const even = Buffer.alloc(3_000_000, 7)
  const noise = Buffer.from(Uint8Array.from({ length: 1_000_000 }, () => random.int(256)))
  const values = [even, noise, even]
  const entries = values.map((value, index) => ({ key: rowKey(1, index), value }))
  const reader = await RunReader.open(store, await writeRun(entries))
  const read = await collect(reader.scan())
  assert.equal(read.length, 3)
  for (const [index, value] of values.entries()) {
    assert.ok(value.equals((read[index] as Entry).value), `value ${index}`)
  }
})

test('range tombstones of a run are known without reading its blocks', async () => {
  const prefix = rowKey(2, 5).subarray(0, -3)
  const nested = [rangeTombstone(rowKey(2, 1).subarray(0, 5)), rangeTombstone(prefix)]
  const reader = await RunReader.open(store, await writeRun(nested))
  assert.deepEqual(
    reader.rangeTombstones,
    nested.map(({ key }) => plain(key)),
  )
  assert.equal(reader.deletesOlder(rowKey(2, 5)), true)
  assert.equal(reader.deletesOlder(rowKey(2, 9)), true)
  assert.equal(reader.deletesOlder(rowKey(2, -9)), true)
  assert.equal(reader.deletesOlder(rowKey(3, 5)), false)
  assert.equal(reader.deletesOlder(rowKey(1, 5)), false)
})

test('a file that is not the one the reference means is refused', async () => {
  const reference = await writeRun(rows(10))
  const wrong = (changes: Partial<RunReference>) =>
    assert.rejects(RunReader.open(store, { ...reference, ...changes }), { code: 'STORAGE_CORRUPT' })
  await wrong({ footerChecksum: reference.footerChecksum ^ 1 })
  await wrong({ footerHash: '0'.repeat(64) })
  await wrong({ lengthBytes: reference.lengthBytes + 1 })
  await wrong({ entries: 11 })
  await assert.rejects(RunReader.open(store, { ...reference, name: 'none' }), {
    code: 'STORAGE_NOT_FOUND',
  })
})

/** Reads everything there is; gives the entries, or undefined if damage was reported. */
async function tryRead(
  bytes: Uint8Array,
  reference: RunReference,
): Promise<readonly Entry[] | undefined> {
  const damaged = new MemoryBlobStore()
  await damaged.putIfAbsent(reference.name, bytes)
  try {
    const reader = await RunReader.open(damaged, { ...reference, lengthBytes: bytes.length })
    const entries = await collect(reader.scan())
    await reader.verify()
    return entries
  } catch (error) {
    assert.ok(isMillraceError(error), String(error))
    assert.equal(error.code, 'STORAGE_CORRUPT')
    assert.equal(error.details['file'], reference.name)
    return undefined
  }
}

test('a run cut off anywhere is refused', async () => {
  const reference = await writeRun(rows(300), { blockBytes: 1024 })
  const whole = await store.read(reference.name)
  for (let length = 0; length < whole.length; length += 7) {
    assert.equal(await tryRead(whole.slice(0, length), reference), undefined, `cut at ${length}`)
  }
})

test('a run of which one byte at its end is changed, footer or trailer, is refused', async () => {
  const reference = await writeRun(rows(10))
  const whole = await store.read(reference.name)
  for (let at = whole.length - TRAILER_BYTES - 200; at < whole.length; at++) {
    const damaged = whole.slice()
    damaged[at] = (damaged[at] as number) ^ 1
    assert.equal(await tryRead(damaged, reference), undefined, `byte ${at}`)
  }
})

test('2,000 single bytes changed in runs are each reported or harmless', async () => {
  const random = new SeededRandom(20)
  let refused = 0
  for (const compression of ['zstd', 'none'] as const) {
    const entries = [...rows(300)]
    const reference = await writeRun(entries, { blockBytes: 1024, compression })
    const whole = await store.read(reference.name)
    for (let round = 0; round < 1000; round++) {
      const damaged = whole.slice()
      const at = random.int(whole.length)
      damaged[at] = (damaged[at] as number) ^ (1 + random.int(255))
      const read = await tryRead(damaged, reference)
      if (read === undefined) refused++
      else assert.deepEqual(read, entries, `byte ${at}`)
    }
  }
  assert.equal(refused, 2000)
})

test('a scan ends where a block ends, and reads nothing of what begins beyond', async () => {
  const store = new MemoryBlobStore()
  const writer = await RunWriter.create(store, 'run-ends', METADATA, { blockBytes: 1 })
  for (const group of [1, 2, 3]) writer.add({ key: rowKey(group, 'a'), value: liveValue('x') })
  const reader = await RunReader.open(store, await writer.close())
  assert.equal(reader.blocks, 3)
  for (const end of [0, 1, 2, 3, 4]) {
    const found = await collect(reader.scan({ start: 0, end }))
    assert.equal(found.length, Math.min(end, 3))
  }
  for (const group of [0, 1, 2, 3, 4]) {
    const found = await collect(reader.prefix(rowKey(group, 'a')))
    assert.equal(found.length, group === 0 || group === 4 ? 0 : 1)
  }
})
