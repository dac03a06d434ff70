import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type Chain,
  EMPTY_HEAD,
  appendLink,
  fence,
  headAt,
  readChain,
  wasAppended,
} from '../../src/checkpoint/chain.ts'
import { LINKS_DELETED_NAME, linkName } from '../../src/checkpoint/layout.ts'
import { lineOf } from '../../src/checkpoint/line.ts'
import { encodeLink, hashOf } from '../../src/checkpoint/manifest-codec.ts'
import { isMillraceError } from '../../src/errors.ts'
import type { BlobStore } from '../../src/storage/blob-store.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { FaultyBlobStore } from '../../src/testing/faulty-store.ts'
import { SeededRandom } from '../../src/util/random.ts'
import { checkpoint, checkpointBody } from './links.ts'

const IDENTITY = { jobName: 'test', writtenAt: 0 }

const newestOf = (chain: Chain) => lineOf(chain.entries.map((entry) => entry.link)).at(-1)
const goOn = (chain: Chain) => ({ restores: newestOf(chain)?.sequence ?? 0, lineage: 'a' })
const lead = (store: BlobStore) => fence(store, IDENTITY, goOn)

/** A chain of a fence and some checkpoints. */
async function chainOf(checkpoints: number): Promise<MemoryBlobStore> {
  const store = new MemoryBlobStore()
  let { head } = (await lead(store)).chain
  for (let id = 1; id <= checkpoints; id++) {
    const entry = await appendLink(store, head, checkpointBody(id))
    assert.ok(entry !== 'lost')
    head = headAt(entry)
  }
  return store
}

async function overwrite(store: BlobStore, sequence: number, bytes: Uint8Array): Promise<void> {
  await store.delete(linkName(sequence))
  assert.ok(await store.putIfAbsent(linkName(sequence), bytes))
}

const idsOf = (chain: Chain) =>
  chain.entries.flatMap(({ link }) => (link.kind === 'checkpoint' ? [link.checkpointId] : []))

test('an empty store has an empty chain', async () => {
  assert.deepEqual(await readChain(new MemoryBlobStore()), {
    entries: [],
    head: EMPTY_HEAD,
    damage: [],
    givenUp: [],
  })
})

test('links are dense, each names the hash of its predecessor, and all are read back', async () => {
  const store = await chainOf(3)
  const { entries, head, damage } = await readChain(store)
  assert.deepEqual(damage, [])
  assert.deepEqual(
    entries.map(({ link }) => [link.sequence, link.kind]),
    [
      [1, 'fence'],
      [2, 'checkpoint'],
      [3, 'checkpoint'],
      [4, 'checkpoint'],
    ],
  )
  for (const [index, { link, hash }] of entries.entries()) {
    assert.equal(hash, hashOf(await store.read(linkName(link.sequence))))
    assert.equal(link.previousHash, entries[index - 1]?.hash ?? '')
  }
  const { hash, lengthBytes } = entries.at(-1) ?? assert.fail()
  assert.deepEqual(head, { sequence: 4, hash, lengthBytes, leaderEpoch: 1 })
})

test('a number is taken once: the second put is lost and changes nothing', async () => {
  const store = await chainOf(1)
  const { head } = await readChain(store)
  assert.notEqual(await appendLink(store, head, checkpointBody(7)), 'lost')
  assert.equal(await appendLink(store, head, checkpointBody(8)), 'lost')
  assert.deepEqual(idsOf(await readChain(store)), [1, 7])
})

test('a former leader cannot append after the fence of a new one', async () => {
  const store = await chainOf(1)
  const old = (await readChain(store)).head
  const { fence: link, chain } = await lead(store)
  assert.equal(link.leaderEpoch, 2)
  assert.equal(link.restores, 2)
  assert.equal(await appendLink(store, old, checkpointBody(2)), 'lost')
  const entry = await appendLink(store, chain.head, checkpointBody(2, { leaderEpoch: 2 }))
  assert.ok(entry !== 'lost')
})

test('a leader that slept until its next number was deleted learns that it is none', async () => {
  const store = await chainOf(1)
  const old = (await readChain(store)).head
  let { head } = (await lead(store)).chain
  for (let id = 2; id <= 3; id++) {
    const entry = await appendLink(store, head, checkpointBody(id, { leaderEpoch: 2 }))
    assert.ok(entry !== 'lost')
    head = headAt(entry)
  }
  // The successor's collection: its fence, which took the sleeper's next number, goes too.
  await store.putIfAbsent(LINKS_DELETED_NAME, new Uint8Array())
  for (let sequence = 1; sequence <= old.sequence + 1; sequence++) {
    await store.delete(linkName(sequence))
  }
  assert.equal(await appendLink(store, old, checkpointBody(9)), 'lost')
  assert.equal(await appendLink(store, EMPTY_HEAD, checkpointBody(9)), 'lost')
  const chain = await readChain(store)
  // Simulation, seed 5419: what it put stayed, and was taken for a checkpoint left behind.
  assert.deepEqual([chain.head, idsOf(chain)], [head, [2, 3]])
})

test('damage is judged again if the chain has gone on meanwhile, and else reported', async () => {
  const store = await chainOf(1)
  const old = (await readChain(store)).head
  let asked = 0
  const { fence: link } = await fence(store, IDENTITY, async (chain) => {
    if (++asked > 1) return goOn(chain)
    await appendLink(store, old, checkpointBody(2))
    throw new Error('a file is missing')
  })
  assert.deepEqual([asked, link.restores], [2, 3])
  const judge = () => assert.fail('a file is missing')
  await assert.rejects(fence(store, IDENTITY, judge), /a file is missing/)
})

test('a checkpoint that comes in before the fence is seen, and restored', async () => {
  const store = await chainOf(1)
  const old = (await readChain(store)).head
  let asked = 0
  const { fence: link } = await fence(store, IDENTITY, async (chain) => {
    // The former leader writes between the first look and the put.
    if (++asked === 1) await appendLink(store, old, checkpointBody(2))
    return goOn(chain)
  })
  assert.equal(asked, 2)
  assert.equal(link.sequence, 4)
  assert.equal(link.restores, 3)
})

test('leaders that start at once each get an epoch of their own; the last one leads', async () => {
  const store = new MemoryBlobStore()
  const leaderships = await Promise.all(Array.from({ length: 5 }, () => lead(store)))
  const epochs = leaderships.map(({ fence: link }) => link.leaderEpoch)
  assert.deepEqual(
    epochs.toSorted((a, b) => a - b),
    [1, 2, 3, 4, 5],
  )
  const appended = []
  for (const { chain } of leaderships) {
    const body = checkpointBody(1, { leaderEpoch: chain.head.leaderEpoch })
    const entry = await appendLink(store, chain.head, body)
    if (entry !== 'lost') appended.push(entry.link.leaderEpoch)
  }
  assert.deepEqual(appended, [5])
})

test('gc deletes from the front: the first link that is left is believed', async () => {
  const store = await chainOf(3)
  await store.delete(linkName(1))
  await store.delete(linkName(2))
  const chain = await readChain(store)
  assert.deepEqual(chain.damage, [])
  assert.deepEqual(idsOf(chain), [2, 3])
  const next = await lead(store)
  assert.equal(next.fence.leaderEpoch, 2)
})

test('a damaged newest link is reported, and the chain goes on after it', async () => {
  const store = await chainOf(3)
  const bytes = await store.read(linkName(4))
  await overwrite(store, 4, bytes.subarray(0, bytes.length - 20))
  const chain = await readChain(store)
  assert.deepEqual(idsOf(chain), [1, 2])
  assert.deepEqual(
    chain.damage.map(({ sequence }) => sequence),
    [4],
  )
  assert.match(chain.damage[0]?.problem ?? '', /damaged last line|cut off/)
  // The damaged link may have been the fence of a leader with epoch 2.
  assert.equal(chain.head.leaderEpoch, 2)
  const { fence: link, chain: next } = await lead(store)
  assert.deepEqual([link.sequence, link.leaderEpoch, link.restores], [5, 3, 3])
  assert.deepEqual(idsOf(await readChain(store)), [1, 2])
  assert.equal(next.head.sequence, 5)
  await overwrite(store, 4, bytes)
  const repaired = await readChain(store)
  assert.match(
    repaired.damage[0]?.problem ?? '',
    /is not the one that chain\/.*5\.manifest follows/,
  )
  assert.deepEqual(idsOf(repaired), [1, 2])
})

test('a link in the middle that is missing, exchanged or another one is damage', async () => {
  const store = await chainOf(4)
  const third = await store.read(linkName(3))
  await store.delete(linkName(3))
  const missing = await readChain(store)
  assert.deepEqual(missing.damage, [{ sequence: 3, name: linkName(3), problem: 'is missing' }])
  assert.deepEqual(idsOf(missing), [1, 3, 4])
  await overwrite(store, 3, await store.read(linkName(2)))
  assert.match((await readChain(store)).damage[0]?.problem ?? '', /holds link 2/)
  await overwrite(store, 3, encodeLink(checkpoint(3, { checkpointId: 99 })))
  assert.match((await readChain(store)).damage[0]?.problem ?? '', /is not the one/)
  await overwrite(store, 3, third)
  assert.deepEqual((await readChain(store)).damage, [])
})

test('a link of a newer format version stops the reading: it must not be passed over', async () => {
  const store = await chainOf(1)
  const line = '{"formatVersion":2}'
  const trailer = `\nmillrace-manifest 2 sha256:${hashOf(Buffer.from(line))}\n`
  await store.putIfAbsent(linkName(3), Buffer.from(line + trailer))
  await assert.rejects(readChain(store), { code: 'CHECKPOINT_INCOMPATIBLE' })
})

test('a put that failed is told apart: surely not there, or perhaps', async () => {
  const inner = await chainOf(1)
  const store = new FaultyBlobStore(inner, { random: new SeededRandom(1) })
  const { head } = await readChain(inner)
  store.faults = { failBefore: 1 }
  await assert.rejects(appendLink(store, head, checkpointBody(2)))
  assert.equal(await wasAppended(store, head), 'unknown')
  store.faults = {}
  assert.equal(await wasAppended(store, head), false)
  store.faults = { failAfter: 1 }
  await assert.rejects(appendLink(store, head, checkpointBody(2)))
  store.faults = {}
  assert.equal(await wasAppended(store, head), true)
})

test('leaders that fight, crash and restart anywhere leave one line without holes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.integer({ min: 5, max: 40 }), async (seed, crashes) => {
      const random = new SeededRandom(seed)
      const inner = new MemoryBlobStore()
      const confirmed: string[] = []
      let rounds = 0
      /** Leads until it loses or crashes; the crash comes at some await of the store. */
      const process = async (name: string): Promise<void> => {
        let fuse = random.int(30)
        const store = new FaultyBlobStore(inner, {
          random,
          at: async () => {
            for (let turns = random.int(3); turns > 0; turns--) await Promise.resolve()
            if (fuse-- <= 0) throw new Error('crash')
          },
        })
        const { chain, fence: own } = await lead(store)
        let { head } = chain
        for (let id = 1; ; id++) {
          const body = checkpointBody(own.leaderEpoch * 1000 + id, {
            leaderEpoch: own.leaderEpoch,
          })
          const entry = await appendLink(store, head, body)
          if (entry === 'lost') return
          head = headAt(entry)
          confirmed.push(`${name} ${entry.link.sequence} ${entry.hash}`)
        }
      }
      const forever = async (name: string): Promise<void> => {
        while (rounds++ < crashes) {
          try {
            await process(name)
          } catch (error) {
            assert.ok(
              isMillraceError(error) || (error instanceof Error && error.message === 'crash'),
            )
          }
        }
      }
      await Promise.all([forever('a'), forever('b')])
      const chain = await readChain(inner)
      assert.deepEqual(chain.damage, [])
      const hashes = new Map(chain.entries.map(({ link, hash }) => [link.sequence, hash]))
      for (const line of confirmed) {
        const [, sequence, hash] = line.split(' ')
        assert.equal(hashes.get(Number(sequence)), hash, 'what was confirmed is in the chain')
      }
      let epoch = 0
      for (const { link } of chain.entries) {
        if (link.kind === 'fence') assert.equal(link.leaderEpoch, ++epoch)
        else assert.equal(link.leaderEpoch, epoch, 'only the newest leader appends')
      }
      const all = chain.entries.filter(({ link }) => link.kind === 'checkpoint').length
      assert.equal(lineOf(chain.entries.map((e) => e.link)).length, all, 'nothing is abandoned')
    }),
    { numRuns: 60 },
  )
})
