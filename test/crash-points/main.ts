/**
 * The whole enumeration of crash points, with its figures:
 *
 *     node --conditions=millrace-source test/crash-points/main.ts [seeds]
 */
import { SeededRandom } from '../../src/util/random.ts'
import { type Enumeration, enumerate } from './enumerate.ts'
import { SCENARIOS, SCENARIOS_BY_CHANCE } from './scenarios.ts'

const seeds = Number(process.argv[2] ?? 200)
const total: Enumeration = { operations: 0, disks: 0, different: 0 }
for (const [name, play] of Object.entries({ ...SCENARIOS, ...SCENARIOS_BY_CHANCE })) {
  const sum: Enumeration = { operations: 0, disks: 0, different: 0 }
  const plays = name in SCENARIOS ? 1 : seeds
  for (let seed = 1; seed <= plays; seed++) {
    const random = new SeededRandom(seed)
    const found = await enumerate(await play(random), random).catch((error: unknown) => {
      throw new Error(`${name}, seed ${seed}`, { cause: error })
    })
    for (const figure of ['operations', 'disks', 'different'] as const) {
      sum[figure] += found[figure]
      total[figure] += found[figure]
    }
  }
  console.log(`${name}: ${figuresOf(sum)}, played ${plays} times`)
}
console.log(`in all: ${figuresOf(total)}; each restores to the old or the new state`)

function figuresOf({ operations, disks, different }: Enumeration): string {
  return `${operations} file operations, ${disks} disks, ${different} of them different`
}
