// A byte that has changed is noticed wherever it is, and a restore goes back to what is whole.
// FLIPS=10000 takes more of them; `npm run fuzz -- --flips 10000 --record` keeps that they were.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readChain } from '../../src/checkpoint/chain.ts'
import { chooseCheckpoint, readRun } from '../../src/checkpoint/damage.ts'
import type { CheckpointLink } from '../../src/checkpoint/manifest.ts'
import { isMillraceError } from '../../src/errors.ts'
import { Snapshot } from '../../src/savepoint/snapshot.ts'
import type { MemoryBlobStore } from '../../src/storage/memory.ts'
import { required } from '../../src/util/assert.ts'
import { SeededRandom } from '../../src/util/random.ts'
import { flipBytes, flipped, sound, withBlob } from './bit-rot.ts'

const FLIPS = Number(process.env['FLIPS'] ?? 1_200)
const WHOLE_RESTORES = Math.ceil(FLIPS / 50)

describe('a byte that has changed', () => {
  it('is refused, or changes nothing, in every file', async () => {
    const { runs, links } = await flipBytes(FLIPS)
    assert.ok(runs > FLIPS / 4 && links > FLIPS / 10, JSON.stringify({ runs, links }))
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
