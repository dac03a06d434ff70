/** A process that makes two checkpoints, lets much leave memory after that, and is killed. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { objectStore } from '../../../src/state/object-store/index.ts'
import { LocalScratch } from '../../../src/storage/scratch-local.ts'
import { World } from '../../../src/testing/conformance/backend-world.ts'
import { required } from '../../../src/util/assert.ts'
import { asText, change, ROUNDS } from './counting.ts'

const folder = required(process.argv[2], 'a folder is named')
const attempt = { jobName: 'killed', storage: join(folder, 'checkpoints'), leaderEpoch: 1 }
const world = await World.open(
  {
    test: () => undefined,
    name: 'killed',
    choose: () => objectStore({ writeBufferSize: '4 KB' }),
    context: () => ({ scratch: new LocalScratch(join(folder, 'scratch')), attempt }),
    evicts: true,
  },
  { memoryBytes: 8 << 10 },
)
const runs: unknown[] = []
let round = 0
for (const rounds of ROUNDS) {
  while (round < rounds) change(world, ++round)
  runs.push(asText(await world.checkpoint()))
}
const before = world.backend.statistics.evictions
while (round < 6) change(world, ++round)
const evictions = world.backend.statistics.evictions - before
writeFileSync(join(folder, 'runs'), JSON.stringify({ runs, evictions }))
process.kill(process.pid, 'SIGKILL')
