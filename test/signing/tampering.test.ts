// What somebody can do to signed checkpoints who has the disk and no key, and what comes of it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { appendLink, fence, headAt, readChain } from '../../src/checkpoint/chain.ts'
import { chooseCheckpoint } from '../../src/checkpoint/damage.ts'
import { linkName } from '../../src/checkpoint/layout.ts'
import { runsOf } from '../../src/checkpoint/registry.ts'
import { writeSavepoint } from '../../src/checkpoint/savepoint.ts'
import { isMillraceError } from '../../src/errors.ts'
import { RunReader } from '../../src/state/runs/run-reader.ts'
import type { RunReference } from '../../src/state/snapshot.ts'
import type { MemoryBlobs } from '../../src/storage/memory.ts'
import { required } from '../../src/util/assert.ts'
import { checkpointBody } from '../checkpoint/links.ts'
import { chainOf, edited, inner, ringOf, runOf, signedBy, withSameChecksum } from './chains.ts'

const ring = ringOf('ours')
const IDENTITY = { jobName: 'test', writtenAt: 0 }

async function blobsOf(checkpoints: number, by = ring): Promise<MemoryBlobs> {
  const blobs: MemoryBlobs = new Map()
  await chainOf(signedBy(by, blobs), checkpoints)
  return blobs
}

const bytesOf = (blobs: MemoryBlobs, name: string) => required(blobs.get(name), name)

function edit(blobs: MemoryBlobs, sequence: number, change: Parameters<typeof edited>[1]): void {
  const name = linkName(sequence)
  blobs.set(name, edited(bytesOf(blobs, name), change))
}

/** Reading is refused, naming this link; and in a report it is the first that is broken. */
async function refused(blobs: MemoryBlobs, code: string, sequence: number): Promise<void> {
  const store = signedBy(ring, blobs)
  const name = linkName(sequence)
  await assert.rejects(readChain(store), (error) => {
    assert.ok(isMillraceError(error))
    assert.equal(error.code, code, error.message)
    assert.ok(error.message.includes(name), error.message)
    return true
  })
  await assert.rejects(
    fence(store, IDENTITY, () => ({ restores: 0, lineage: 'a' })),
    { code },
  )
  const { damage } = await readChain(store, 'report')
  assert.deepEqual(damage.map((each) => each.name).slice(0, 1), [name])
}

test('what was signed is read, and an auditor without keys can read it, too', async () => {
  const blobs = await blobsOf(3)
  const { entries, damage } = await readChain(signedBy(ring, blobs))
  assert.deepEqual(damage, [])
  assert.deepEqual(
    entries.map(({ link }) => link.signature?.keyId),
    ['ours', 'ours', 'ours'],
  )
  assert.equal((await readChain(inner(blobs))).entries.length, 3)
})

test('an edited manifest is refused, whatever is edited', async () => {
  const changes: readonly (readonly [what: string, change: Parameters<typeof edited>[1]])[] = [
    ['a field', (link) => ({ ...link, processingTime: 5 })],
    ['the epoch', (link) => ({ ...link, leaderEpoch: 9 })],
    ['its predecessor', (link) => ({ ...link, previousHash: 'a'.repeat(64) })],
    ['its operators', (link) => ({ ...link, operators: [] })],
  ]
  for (const [what, change] of changes) {
    for (const sequence of [2, 3]) {
      const blobs = await blobsOf(3)
      edit(blobs, sequence, change)
      await refused(blobs, 'SIGNATURE_INVALID', sequence).catch((error: unknown) => {
        throw new Error(`${what} of link ${sequence}`, { cause: error })
      })
    }
  }
})

test('a manifest whose signature was taken off, or is of another key, is refused', async () => {
  const bare = await blobsOf(3)
  edit(bare, 3, ({ signature: _signature, ...link }) => link)
  await refused(bare, 'SIGNATURE_MISSING', 3)
  const strange = await blobsOf(2)
  strange.set(linkName(1), bytesOf(await blobsOf(1, ringOf('theirs')), linkName(1)))
  await refused(strange, 'KEY_NOT_FOUND', 1)
  const claimed = await blobsOf(2)
  edit(claimed, 2, (link) => ({ ...link, signature: { keyId: 'ours', value: 'AAAA' } }))
  await refused(claimed, 'SIGNATURE_INVALID', 2)
})

test('an older manifest in the place of a newer one is no manifest of that number', async () => {
  const blobs = await blobsOf(3)
  blobs.set(linkName(3), bytesOf(blobs, linkName(2)))
  const { entries, damage } = await readChain(signedBy(ring, blobs))
  assert.deepEqual(damage, [{ sequence: 3, name: linkName(3), problem: 'holds link 2' }])
  assert.equal(entries.length, 2)
  edit(blobs, 3, (link) => ({ ...link, sequence: 3 }))
  await refused(blobs, 'SIGNATURE_INVALID', 3)
})

test('manifests that are dropped, or of another past of the job, break the chain', async () => {
  const dropped = await blobsOf(4)
  dropped.delete(linkName(2))
  assert.deepEqual((await readChain(signedBy(ring, dropped))).damage, [
    { sequence: 2, name: linkName(2), problem: 'is missing' },
  ])
  const ours = await blobsOf(3)
  const store = signedBy(ring, ours)
  const { head } = await readChain(store)
  const other: MemoryBlobs = new Map(ours)
  for (const [blobs, processingTime] of [
    [ours, 1],
    [other, 2],
  ] as const) {
    const to = signedBy(ring, blobs)
    const body = { ...checkpointBody(4), tasks: [], processingTime }
    const fourth = await appendLink(to, head, body)
    assert.ok(fourth !== 'lost')
    const fifth = await appendLink(to, headAt(fourth), { ...body, checkpointId: 5 })
    assert.ok(fifth !== 'lost')
  }
  ours.set(linkName(4), bytesOf(other, linkName(4)))
  const { damage } = await readChain(store)
  const problem = `is not the one that ${linkName(5)} follows`
  assert.deepEqual(damage, [{ sequence: 4, name: linkName(4), problem }])
})

test('bits that have rotted are damage as ever, and an older checkpoint will do', async () => {
  for (const from of [0.1, 0.5, 0.95]) {
    const blobs = await blobsOf(3)
    const rotten = Uint8Array.from(bytesOf(blobs, linkName(3)))
    const at = Math.floor(rotten.length * from)
    rotten[at] = (rotten[at] ?? 0) ^ 4
    blobs.set(linkName(3), rotten)
    const store = signedBy(ring, blobs)
    const chosen = await chooseCheckpoint(store, await readChain(store), {
      acceptDuplicates: true,
    })
    assert.equal(chosen?.sequence, 2)
  }
})

test('a run that is changed so that its checksums still fit is refused', async () => {
  const blobs = await blobsOf(2)
  const store = signedBy(ring, blobs)
  const { entries } = await readChain(store)
  const [run] = entries.flatMap(({ link }) => (link.kind === 'checkpoint' ? runsOf(link) : []))
  assert.ok(run !== undefined)
  const whole = bytesOf(blobs, run.name)
  const plain = new Map([[run.name, whole]])
  const bare = await runOf(inner(plain), 7)
  const verify = async (of: RunReference, bytes: Uint8Array) => {
    await (await RunReader.open(inner(new Map([[of.name, bytes]])), of)).verify()
  }
  await verify(run, whole)
  const offset = Buffer.from(whole).indexOf('value 1 50')
  await assert.rejects(verify(run, withSameChecksum(whole, offset)), {
    code: 'STORAGE_CORRUPT',
    message: /its hash is wrong/,
  })
  // What a checksum alone sees of that: nothing. So the test would notice if hashes were not there.
  const unsigned = bytesOf(plain, bare.name)
  const at = Buffer.from(unsigned).indexOf('value 7 50')
  await verify(bare, withSameChecksum(unsigned, at))
  await assert.rejects(verify({ ...bare, footerHash: 'a'.repeat(64) }, unsigned), {
    code: 'STORAGE_CORRUPT',
    message: /another file/,
  })
})

test('a run in the place of another one is refused', async () => {
  const blobs = await blobsOf(2)
  const store = signedBy(ring, blobs)
  const { entries } = await readChain(store)
  const [first, second] = entries.flatMap(({ link }) =>
    link.kind === 'checkpoint' ? runsOf(link) : [],
  )
  assert.ok(first !== undefined && second !== undefined)
  blobs.set(second.name, bytesOf(blobs, first.name))
  const forged = { ...first, name: second.name, footerHash: second.footerHash ?? '' }
  await assert.rejects(RunReader.open(store, forged), { code: 'STORAGE_CORRUPT' })
})

test('a signed chain does not go on unsigned, nor an unsigned one signed', async () => {
  const decide = () => ({ restores: 0, lineage: 'a' })
  const signed = await blobsOf(1)
  await assert.rejects(fence(inner(signed), IDENTITY, decide), { code: 'STORAGE_SIGNED' })
  const plain: MemoryBlobs = new Map()
  await chainOf(inner(plain), 1)
  await refused(plain, 'SIGNATURE_MISSING', 1)
})

test('newer keys sign, older ones are believed for as long as they are given', async () => {
  const blobs = await blobsOf(2, ringOf('2025'))
  const store = signedBy(ringOf('2026', '2025'), blobs)
  const { chain } = await fence(store, IDENTITY, () => ({ restores: 2, lineage: 'a' }))
  assert.deepEqual(
    chain.entries.map(({ link }) => link.signature?.keyId),
    ['2025', '2025', '2026'],
  )
  await assert.rejects(readChain(signedBy(ringOf('2026'), blobs)), { code: 'KEY_NOT_FOUND' })
})

test('a savepoint is signed by itself, and one of a job that does not sign is not', async () => {
  const blobs = await blobsOf(1)
  const store = signedBy(ring, blobs)
  const [entry] = (await readChain(store)).entries
  assert.ok(entry?.link.kind === 'checkpoint')
  const target: MemoryBlobs = new Map()
  await writeSavepoint(store, entry.link, signedBy(ring, target))
  assert.equal((await readChain(signedBy(ring, target))).damage.length, 0)
  const bare: MemoryBlobs = new Map()
  const { link } = await writeSavepoint(inner(blobs), entry.link, inner(bare))
  assert.equal(link.signature, undefined)
})

test('a run that was written unsigned cannot be signed for', async () => {
  const blobs: MemoryBlobs = new Map()
  const [entry] = await chainOf(inner(blobs), 1)
  assert.ok(entry?.link.kind === 'checkpoint')
  const target: MemoryBlobs = new Map()
  await assert.rejects(writeSavepoint(inner(blobs), entry.link, signedBy(ring, target)), {
    code: 'SIGNATURE_MISSING',
    message: /was written unsigned/,
  })
})
