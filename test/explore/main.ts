// Explores everything that has been sized, the long ones too, and counts.
import { optionsOf } from '../../scripts/lib/command-line.ts'
import { recordEvidence } from '../../scripts/lib/evidence.ts'
import { DECISIONS_SIZES, exploreDecisions } from '../checkpoint/decisions-model.ts'
import { exploreFence } from '../checkpoint/fence-model.ts'
import { FENCE_SIZES } from '../checkpoint/fence-sizes.ts'
import { exploreRing } from '../runtime/exchange/ring-model.ts'
import { RING_SIZES } from '../runtime/exchange/ring-sizes.ts'
import type { Explored } from './explorer.ts'

const USAGE = `npm run explore [-- options]

Every order of the steps of small worlds: the rings between workers, leaders that fight over one
storage, the messages of the checkpoint protocol. About 6 minutes; the first violation ends it.

  --record     writes the counts into docs/evidence
  --help       this`

const { values } = optionsOf(process.argv.slice(2), 'explore', USAGE, {
  record: { type: 'boolean', default: false },
})
const startedMs = performance.now()
const rows: (readonly (string | number)[])[] = []
let [states, transitions] = [0, 0]

async function count(of: string, name: string, exploring: Promise<Explored>): Promise<void> {
  const explored = await exploring
  states += explored.states
  transitions += explored.transitions
  const { ends, depth } = explored
  rows.push([of, name, explored.states, explored.transitions, ends, depth])
  console.log(`${of}: ${name}: ${explored.states} states, ${explored.transitions} steps`)
}

for (const [name, options] of Object.entries(RING_SIZES)) {
  await count('ring', name, exploreRing(options))
}
for (const { name, ...options } of FENCE_SIZES) await count('fence', name, exploreFence(options))
for (const { name, ...options } of DECISIONS_SIZES) {
  await count('decisions', name, exploreDecisions(options))
}
const elapsedSeconds = Math.round((performance.now() - startedMs) / 1000)
console.log(`${states} states, ${transitions} steps, no violation, ${elapsedSeconds} s`)

if (values.record) {
  recordEvidence('interleavings', {
    title: 'Exhaustive interleavings',
    claim:
      'Every order of the accesses to a ring and its bells, of the requests of several leaders ' +
      'to one storage, and of the messages of the checkpoint protocol, in small worlds: no ' +
      'violation.',
    command: 'npm run explore -- --record',
    isWell: true,
    figures: [
      ['states', states],
      ['steps between them', transitions],
      ['worlds', rows.length],
    ],
    tables: [
      {
        title: 'Worlds',
        columns: ['of', 'world', 'states', 'steps', 'ends', 'longest way'],
        rows,
      },
    ],
    elapsedSeconds,
  })
}
