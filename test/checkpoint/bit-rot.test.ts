// Single bytes change at random, in every file of a chain of checkpoints with every kind of entry:
// each is refused or harmless, and what is refused is refused as damage, whatever the byte was.
// FLIPS=10000 takes more of them.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readChain } from '../../src/checkpoint/chain.ts'
import { chooseCheckpoint, readRun } from '../../src/checkpoint/damage.ts'
import type { CheckpointLink } from '../../src/checkpoint/manifest.ts'
import { runsOf } from '../../src/checkpoint/registry.ts'
import { isMillraceError } from '../../src/errors.ts'
import { Snapshot } from '../../src/savepoint/snapshot.ts'
import { RunReader } from '../../src/state/runs/run-reader.ts'
import type { RunReference } from '../../src/state/snapshot.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { required } from '../../src/util/assert.ts'
import { SeededRandom } from '../../src/util/random.ts'
import { readBlobs } from '../fixtures/snapshots/version.ts'

const FLIPS = Number(process.env['FLIPS'] ?? 1_200)
const WHOLE_RESTORES = Math.ceil(FLIPS / 50)
const blobs = readBlobs('v1', 'checkpoints')
const sound = new MemoryBlobStore('memory:sound', blobs)

/** A byte of a file that is chosen by its length, changed in one or all of its bits. */
function flipped(random: SeededRandom): { readonly name: string; readonly bytes: Uint8Array } {
  const total = [...blobs.values()].reduce((sum, bytes) => sum + bytes.length, 0)
  let at = random.int(total)
  for (const [name, bytes] of blobs) {
    if (at >= bytes.length) {
      at -= bytes.length
      continue
    }
    const copy = new Uint8Array(bytes)
    copy[at] = (copy[at] ?? 0) ^ (random.int(2) === 0 ? 1 << random.int(8) : 1 + random.int(255))
    return { name, bytes: copy }
  }
  return assert.fail('a byte lies in a file')
}

function withBlob(name: string, bytes: Uint8Array): MemoryBlobStore {
  return new MemoryBlobStore('memory:flipped', new Map([...blobs, [name, bytes]]))
}

async function references(): Promise<ReadonlyMap<string, RunReference>> {
  const { entries } = await readChain(sound)
  const links = entries.flatMap(({ link }) => (link.kind === 'checkpoint' ? [link] : []))
  return new Map(links.flatMap((link) => runsOf(link).map((run) => [run.name, run] as const)))
}

/** Every entry of a run as text, block by block until the first that is refused. */
async function entriesOf(store: MemoryBlobStore, run: RunReference): Promise<string[]> {
  const entries: string[] = []
  const reader = await RunReader.open(store, run)
  for await (const batch of reader.scan().batches()) {
    for (const { key, value } of batch) {
      entries.push(`${Buffer.from(key).toString('hex')} ${Buffer.from(value).toString('hex')}`)
    }
  }
  return entries
}

const isDamage = (error: unknown): boolean => {
  return isMillraceError(error) && error.code === 'STORAGE_CORRUPT'
}

describe('a byte that has changed', () => {
  it('is refused, or changes nothing, in every file', async () => {
    const runs = await references()
    const refused = { runs: 0, links: 0 }
    for (let seed = 1; seed <= FLIPS; seed++) {
      const { name, bytes } = flipped(new SeededRandom(seed))
      const store = withBlob(name, bytes)
      const run = runs.get(name)
      if (run === undefined) {
        const { damage } = await readChain(store)
        // The first link that is left is believed without a predecessor, and has a hash of its own.
        assert.ok(damage.length > 0, `seed ${seed}: ${name} is believed`)
        refused.links++
        continue
      }
      const found = await entriesOf(store, run).catch((error: unknown) => {
        assert.ok(isDamage(error), `seed ${seed}: ${name}: ${String(error)}`)
        return undefined
      })
      // A filter is not read by a scan; `verify` reads everything.
      if (found !== undefined) assert.deepEqual(found, await entriesOf(sound, run), `seed ${seed}`)
      await assert.rejects(readRun(store, run), isDamage, `seed ${seed}: ${name} is believed`)
      refused.runs++
    }
    assert.ok(refused.runs > FLIPS / 4 && refused.links > FLIPS / 10, JSON.stringify(refused))
  })

  it('makes a restore fall back, loudly, to what an older checkpoint held, or stop', async () => {
    const held = new Map<number, string>()
    for (const { link } of (await readChain(sound)).entries) {
      if (link.kind === 'checkpoint') held.set(link.checkpointId, await allOf(sound, link))
    }
    const outcomes = { same: 0, older: 0, stopped: 0 }
    for (let seed = 1; seed <= WHOLE_RESTORES; seed++) {
      const { name, bytes } = flipped(new SeededRandom(seed))
      const store = withBlob(name, bytes)
      const problems: string[] = []
      try {
        const link = await chooseCheckpoint(store, await readChain(store), {
          verifyRun: readRun,
          acceptDuplicates: true,
          onDamage: (problem) => problems.push(problem),
        })
        const { checkpointId } = required(link, 'a job does not start empty')
        assert.equal(await allOf(store, required(link, 'a link')), held.get(checkpointId))
        const isNewest = checkpointId === Math.max(...held.keys())
        assert.ok(isNewest || problems.length > 0, `seed ${seed}: ${name} was passed over silently`)
        outcomes[isNewest ? 'same' : 'older']++
      } catch (error) {
        assert.ok(isMillraceError(error) && error.code === 'CHECKPOINT_DAMAGED', String(error))
        assert.match(error.message, /lacks (key groups|positions)|manifest/)
        outcomes.stopped++
      }
    }
    assert.ok(outcomes.older > 0 && outcomes.stopped > 0, JSON.stringify(outcomes))
  })
})

async function allOf(store: MemoryBlobStore, { checkpointId }: CheckpointLink): Promise<string> {
  await using snapshot = await Snapshot.open(store, { checkpointId })
  let text = ''
  for await (const batch of snapshot.all().batches()) {
    for (const { key, value } of batch) {
      text += `${Buffer.from(key).toString('hex')} ${Buffer.from(value).toString('hex')}\n`
    }
  }
  for await (const { kind, name, subtaskIndex, value } of snapshot.reader.records()) {
    text += `${kind} ${name} ${subtaskIndex} ${Buffer.from(value).toString('hex')}\n`
  }
  return text
}
