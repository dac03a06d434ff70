// Copies of blobs on the local disk: they keep the contract of stores, are used when sound, and
// nothing that goes wrong with them is ever more than a warning.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { describe, it, test } from 'node:test'
import type { BlobStore, BlobWriter } from '../../src/storage/blob-store.ts'
import { CopyingStore } from '../../src/storage/copying.ts'
import { CHUNK_BYTES } from '../../src/storage/copy-sums.ts'
import { LocalCopies } from '../../src/storage/local-copies.ts'
import { type MemoryBlobs, MemoryBlobStore } from '../../src/storage/memory.ts'
import { blobStoreSuite } from '../../src/testing/conformance/blob-store.ts'
import { FaultyBlobStore } from '../../src/testing/faulty-store.ts'
import { SeededRandom } from '../../src/util/random.ts'

const PREFIX = 'a/worker-0/'
const NAME = 'runs/1-1-v0-s0.run'
const SUMS = `${PREFIX}${NAME}.sums`

interface World {
  readonly far: MemoryBlobs
  readonly near: MemoryBlobs
  readonly problems: string[]
}

const newWorld = (): World => ({ far: new Map(), near: new Map(), problems: [] })

/** How often the far store was read. */
class CountingStore extends MemoryBlobStore {
  reads = 0
  override read(name: string, offsetBytes?: number, lengthBytes?: number): Promise<Uint8Array> {
    this.reads++
    return super.read(name, offsetBytes, lengthBytes)
  }
}

interface Opened {
  readonly store: CopyingStore
  readonly far: CountingStore
}

async function opened(
  world: World,
  options: {
    wanted?: readonly string[]
    bytesMax?: number
    disk?: BlobStore
    verify?: (name: string, path: string) => Promise<void>
    knows?: (name: string) => boolean
  } = {},
): Promise<Opened> {
  const { wanted = [NAME], bytesMax = 1e9, verify, knows } = options
  const far = new CountingStore('far:', world.far)
  const copies = new LocalCopies({
    disk: options.disk ?? new MemoryBlobStore('near:', world.near),
    prefix: PREFIX,
    bytesMax,
    ...(verify === undefined ? {} : { verify }),
    ...(knows === undefined ? {} : { knows }),
    onProblem: (event) => void world.problems.push(event),
  })
  await copies.open(new Set(wanted))
  return { store: new CopyingStore(far, copies, 'runs/'), far }
}

/** Not the same anywhere; over several chunks. */
function content(lengthBytes = CHUNK_BYTES * 2 + 1_000): Uint8Array {
  const random = new SeededRandom(lengthBytes)
  return Uint8Array.from({ length: lengthBytes }, () => random.int(256))
}

async function write(store: BlobStore, name: string, bytes: Uint8Array): Promise<void> {
  const writer = await store.create(name)
  for (let from = 0; from < bytes.length; from += 10_007) {
    await writer.write(bytes.subarray(from, from + 10_007))
  }
  await writer.close()
}

/** The newest checkpoint needs the blob. */
async function checkpointed(store: CopyingStore): Promise<void> {
  store.retain(new Set([NAME]))
  await store.settled()
}

const worlds = new Map<string, World>()
function worldOf(place: string): World {
  const world = worlds.get(place) ?? newWorld()
  worlds.set(place, world)
  return world
}

blobStoreSuite({
  test,
  name: 'with local copies',
  open: async (place) => (await opened(worldOf(place))).store,
})
blobStoreSuite({
  test,
  name: 'with copies on a disk that fails in every way',
  open: async (place) => {
    const random = new SeededRandom(7)
    const faults = { failBefore: 0.3, failAfter: 0.3, tearWrite: 0.3, flipOnRead: 0.5 }
    const near = new MemoryBlobStore('near:', worldOf(`faulty ${place}`).near)
    const disk = new FaultyBlobStore(near, { random, faults })
    return (await opened(worldOf(`faulty ${place}`), { disk })).store
  },
})

describe('local copies', () => {
  it('are read instead of the storage, in any range, also by the next worker', async () => {
    const world = newWorld()
    const bytes = content()
    const first = await opened(world)
    await write(first.store, NAME, bytes)
    await first.store.close()
    const { store, far } = await opened(world)
    const random = new SeededRandom(3)
    for (let time = 0; time < 50; time++) {
      const from = random.int(bytes.length)
      const length = random.int(bytes.length - from + 1)
      assert.deepEqual(
        Buffer.from(await store.read(NAME, from, length)),
        Buffer.from(bytes.subarray(from, from + length)),
      )
    }
    assert.deepEqual(Buffer.from(await store.read(NAME)), Buffer.from(bytes))
    assert.equal(far.reads, 0)
    assert.deepEqual(world.problems, [])
  })

  it('are made of what is read, so that the next restore is local', async () => {
    const world = newWorld()
    const bytes = content()
    world.far.set(NAME, bytes)
    const { store, far } = await opened(world)
    await store.read(NAME, 10, 20)
    await store.settled()
    assert.equal(far.reads, 1, 'a restore has the way for itself')
    await checkpointed(store)
    const { reads } = far
    await store.read(NAME, 10, 20)
    assert.equal(far.reads, reads)
    assert.deepEqual([...world.near.keys()].toSorted(), [`${PREFIX}${NAME}`, SUMS])
  })

  it('are not fetched while they are on their way, nor of what nobody knows', async () => {
    const world = newWorld()
    const disk = new MemoryBlobStore('near:', world.near)
    const gate = Promise.withResolvers<void>()
    const put = disk.putIfAbsent.bind(disk)
    disk.putIfAbsent = (name, bytes) => gate.promise.then(() => put(name, bytes))
    const other = 'runs/2-1-v0-s0.run'
    const { store } = await opened(world, {
      disk,
      knows: (name) => name !== other,
      verify: (name) => Promise.reject(new Error(`${name} was fetched`)),
    })
    await write(store, NAME, content())
    world.far.set(other, content())
    for (const name of [NAME, other]) await store.read(name)
    store.retain(new Set([NAME, other]))
    gate.resolve()
    await store.settled()
    assert.deepEqual([...world.near.keys()].toSorted(), [`${PREFIX}${NAME}`, SUMS])
    assert.deepEqual(world.problems, [])
  })

  it('are not made of what was read if no checkpoint needs it any more', async () => {
    const world = newWorld()
    world.far.set(NAME, content())
    const { store, far } = await opened(world)
    await store.read(NAME)
    store.retain(new Set(['runs/1-2-v0-s0.run']))
    await checkpointed(store)
    assert.equal(far.reads, 1)
    assert.equal(world.near.size, 0)
  })

  const damages: readonly (readonly [what: string, damage: (near: MemoryBlobs) => void])[] = [
    ['a flipped bit', (near) => flip(near, `${PREFIX}${NAME}`)],
    ['a flipped bit in the sums', (near) => flip(near, SUMS)],
    ['a lost copy', (near) => near.delete(`${PREFIX}${NAME}`)],
    ['lost sums', (near) => near.delete(SUMS)],
    ['a copy cut short', (near) => near.set(`${PREFIX}${NAME}`, content().slice(0, 70_000))],
  ]
  for (const [what, damage] of damages) {
    for (const when of ['before it is opened', 'while it is open'] as const) {
      it(`with ${what} ${when} are passed over, and made anew`, async () => {
        const world = newWorld()
        const bytes = content()
        const first = await opened(world)
        await write(first.store, NAME, bytes)
        await first.store.close()
        if (when === 'before it is opened') damage(world.near)
        const { store, far } = await opened(world)
        if (when === 'while it is open') damage(world.near)
        assert.deepEqual(Buffer.from(await store.read(NAME)), Buffer.from(bytes))
        assert.ok(far.reads > 0, 'the storage was read')
        await checkpointed(store)
        const { reads } = far
        assert.deepEqual(Buffer.from(await store.read(NAME)), Buffer.from(bytes))
        assert.equal(far.reads, reads, 'there is a sound copy again')
      })
    }
  }

  it('warn once when the disk is full, and the job goes on without', async () => {
    const world = newWorld()
    const disk = new FullDisk('near:', world.near)
    const { store, far } = await opened(world, { disk })
    const bytes = content()
    for (const name of [NAME, 'runs/1-2-v0-s0.run']) await write(store, name, bytes)
    await store.settled()
    assert.deepEqual(Buffer.from(await store.read(NAME)), Buffer.from(bytes))
    assert.ok(far.reads > 0)
    await store.close()
    assert.deepEqual(world.problems, ['local-copy-failed'])
    assert.equal(world.near.size, 0)
  })

  it('keep within their bound', async () => {
    const world = newWorld()
    const { store } = await opened(world, { bytesMax: 150_000 })
    for (const name of [NAME, 'runs/1-2-v0-s0.run', 'runs/1-3-v0-s0.run']) {
      await write(store, name, content(100_000))
    }
    await store.settled()
    const bytes = [...world.near].filter(([name]) => !name.endsWith('.sums'))
    assert.deepEqual(
      bytes.map(([name]) => name),
      [`${PREFIX}${NAME}`],
    )
    assert.deepEqual(world.problems, [])
  })

  it('go when nobody wants them: at the start, after a checkpoint, when deleted', async () => {
    const world = newWorld()
    const names = [1, 2, 3, 4].map((id) => `runs/1-${id}-v0-s0.run`)
    const [one = '', two = '', three = '', four = ''] = names
    const first = await opened(world)
    for (const name of names) await write(first.store, name, content(100))
    await first.store.settled()
    await first.store.delete(four)
    first.store.retain(new Set([one, two]))
    await first.store.settled()
    const kept = () => [...world.near.keys()].filter((name) => !name.endsWith('.sums'))
    assert.deepEqual(
      kept(),
      [one, two].map((name) => `${PREFIX}${name}`),
    )
    await first.store.close()
    await opened(world, { wanted: [two] })
    assert.deepEqual(kept(), [`${PREFIX}${two}`])
    assert.equal(world.far.has(three), true)
    assert.equal(world.far.has(four), false)
  })
})

function flip(blobs: MemoryBlobs, name: string): void {
  const bytes = Uint8Array.from(blobs.get(name) ?? assert.fail(`no ${name}`))
  const at = bytes.length >>> 1
  bytes[at] = (bytes[at] ?? 0) ^ 1
  blobs.set(name, bytes)
}

class FullDisk extends MemoryBlobStore {
  override async create(name: string): Promise<BlobWriter> {
    const writer = await super.create(name)
    return { ...writer, abort: () => writer.abort(), close: () => writer.close(), write: full }
  }
}

async function full(): Promise<void> {
  throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
}

test('what was read wrongly from afar does not become a copy', async () => {
  const world = newWorld()
  const bytes = content()
  await write(new MemoryBlobStore('far:', world.far), NAME, bytes)
  const disk = new MemoryBlobStore('near:', world.near)
  const { store, far } = await opened(world, {
    disk,
    async verify(name, path) {
      assert.equal(name, NAME)
      assert.equal(Buffer.compare(await disk.read(path), bytes), 0, 'another content')
    },
  })
  const right = far.read.bind(far)
  far.read = async (...args) => (await right(...args)).map((byte) => byte ^ 1)
  await store.read(NAME)
  await checkpointed(store)
  assert.equal(world.near.size, 0, 'the copy was bad, and is gone')
  far.read = right
  await store.read(NAME)
  await checkpointed(store)
  assert.equal(world.near.size, 2, 'a sound copy, and its checksums')
  assert.equal(Buffer.compare(await store.read(NAME), bytes), 0)
  await store.close()
})
