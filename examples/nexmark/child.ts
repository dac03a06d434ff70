// The process that is killed: runs a query to its end and says in JSON lines how far it is. Its one
// argument is a `ChildJob` as JSON.
import { setTimeout } from 'node:timers/promises'
import { run } from 'millrace'

export interface ChildJob {
  readonly directory: string
  readonly query: string
  readonly input: string
  /** How many there are in it. */
  readonly events: number
  readonly backend: string
  readonly parallelism: number
}

export interface ChildSaying {
  readonly what: 'started' | 'half' | 'finished'
  readonly restoredFrom?: number
}

const pollMs = 2
/** A job counts as half way from here on: early enough to be killed before it ends. */
const halfWay = 0.3

function say(saying: ChildSaying): void {
  process.stdout.write(`${JSON.stringify(saying)}\n`)
}

// The parent has written it in this shape.
const given = JSON.parse(process.argv[2] ?? '') as ChildJob
const { directory, query, input, events, backend, parallelism } = given
await using handle = await run(new URL('./job.ts', import.meta.url), {
  params: { query, input, output: directory },
  directory,
  parallelism,
  backend: backend === 'rocksdb' ? 'rocksdb' : 'hashmap',
  checkpointing: { interval: '25 ms' },
})
say({ what: 'started', restoredFrom: handle.status.restoredFrom ?? 0 })
const isHalfWay = (): boolean => {
  const { recordsIn, checkpoints } = handle.status
  return checkpoints.completed > 0 && recordsIn > events * halfWay
}
let hasEnded = false
const end = handle.finished.finally(() => (hasEnded = true))
while (!hasEnded && !isHalfWay()) await Promise.race([setTimeout(pollMs), end])
if (!hasEnded) say({ what: 'half' })
await end
say({ what: 'finished' })
