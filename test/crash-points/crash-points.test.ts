// The power may go at any moment: each disk that it may leave restores to the old or the new state,
// never to a mixture, and the job goes on from it. `main.ts` does the same with more chance.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { required } from '../../src/util/assert.ts'
import { SeededRandom } from '../../src/util/random.ts'
import { enumerate } from './enumerate.ts'
import { BY_THE_TOOL, ERASURES } from './erasures.ts'
import { SCENARIOS, SCENARIOS_BY_CHANCE, TWO_CHECKPOINTS } from './scenarios.ts'

// 17: a fence that outlived the link before it. 21: folders that a killed process had made.
const SEEDS = [1, 2, 17, 21]

describe('a loss of power during', () => {
  for (const [name, play] of Object.entries({ ...SCENARIOS, ...ERASURES })) {
    it(name, async () => {
      const random = new SeededRandom(1)
      const { disks, different } = await enumerate(await play(random), random)
      assert.ok(disks > 20 && different > 3, `${disks} disks, ${different} different`)
    })
  }
  for (const [name, play] of Object.entries(SCENARIOS_BY_CHANCE)) {
    it(name, async () => {
      for (const seed of SEEDS) {
        const random = new SeededRandom(seed)
        await enumerate(await play(random), random).catch((error: unknown) => {
          throw new Error(`seed ${seed}: ${String(error)}`, { cause: error })
        })
      }
    })
  }
  for (const ignores of ['sync-file', 'sync-folder'] as const) {
    for (const name of [TWO_CHECKPOINTS, BY_THE_TOOL]) {
      it(`${name} on a disk that ignores ${ignores} would be noticed`, async () => {
        const random = new SeededRandom(1)
        const play = required({ ...SCENARIOS, ...ERASURES }[name], name)
        await assert.rejects(async () => enumerate(await play(random, { ignores }), random))
      })
    }
  }
})
