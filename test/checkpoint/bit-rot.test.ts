// A byte that has changed is noticed wherever it is, and a restore goes back to what is whole.
// FLIPS=10000 takes more of them; `npm run fuzz -- --flips 10000 --record` keeps that they were.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readChain } from '../../src/checkpoint/chain.ts'
import { chooseCheckpoint, readRun } from '../../src/checkpoint/damage.ts'
import type { CheckpointLink } from '../../src/checkpoint/manifest.ts'
import { isMillraceError } from '../../src/errors.ts'
import { Snapshot } from '../../src/savepoint/snapshot.ts'
import type { BlobStore } from '../../src/storage/blob-store.ts'
import { required } from '../../src/util/assert.ts'
import { SeededRandom } from '../../src/util/random.ts'
import { flipBytes, flipped, withBlob } from './bit-rot.ts'
import { allRotting, type Rotting } from './rotting.ts'

const FLIPS = Number(process.env['FLIPS'] ?? 300)
const WHOLE_RESTORES = Math.ceil(FLIPS / 20)

const all = await allRotting()

describe('a byte that has changed', () => {
  for (const of of all) {
    it(`is refused, or changes nothing, in every file of ${of.name}`, async () => {
      const { runs, links } = await flipBytes(of, FLIPS)
      assert.equal(runs + links, FLIPS)
    })

    it(`makes a restore of ${of.name} give what one of them held, loudly, or stop`, async () => {
      const { same, older, stopped } = await restores(of)
      const text = JSON.stringify({ same, older, stopped })
      assert.ok(older + stopped > WHOLE_RESTORES / 4, text)
      // A savepoint has nothing to go back to.
      assert.ok(of.name.endsWith('savepoint') ? older === 0 : older > 0, text)
    })
  }
})

interface Outcomes {
  readonly same: number
  readonly older: number
  readonly stopped: number
}

async function restores(of: Rotting): Promise<Outcomes> {
  const sound = await of.open(of.blobs)
  const held = new Map<number, string>()
  for (const { link } of (await readChain(sound)).entries) {
    if (link.kind === 'checkpoint') held.set(link.checkpointId, await allOf(sound, link))
  }
  const outcomes = { same: 0, older: 0, stopped: 0 }
  for (let seed = 1; seed <= WHOLE_RESTORES; seed++) {
    const { name, bytes } = flipped(of, new SeededRandom(seed))
    const store = await withBlob(of, name, bytes)
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
  return outcomes
}

async function allOf(store: BlobStore, { checkpointId }: CheckpointLink): Promise<string> {
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
