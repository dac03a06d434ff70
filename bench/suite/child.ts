/** One run of a contender that is written in JavaScript, in a process of its own. */
import { byHand } from './by-hand.ts'
import type { Engine, Measured, Task } from './contract.ts'
import { d2ts } from '../peers/d2ts.ts'
import { largerThanMemory } from './larger-than-memory.ts'
import { latency } from './latency.ts'
import { millrace } from './millrace.ts'
import { rxjs } from '../peers/rxjs.ts'
import { snapshots } from './snapshots.ts'
import { tables } from './tables.ts'

type Runner = (task: Task) => Promise<Measured>

const runners: Readonly<Record<Exclude<Engine, 'flink'>, Runner>> = {
  millrace(task) {
    if (task.work === 'snapshots') return snapshots(task)
    if (task.memoryMb !== undefined) return largerThanMemory(task)
    return task.work === 'latency' ? latency(task) : millrace(task)
  },
  // The same work by the built-in function.
  'millrace-words': (task) => millrace({ ...task, work: 'words-built-in' }),
  'by-hand': byHand,
  tables,
  rxjs,
  d2ts,
}

const [, , engine, task] = process.argv
// The comparison, which started this process, chose both.
const run = runners[engine as keyof typeof runners]
process.send?.(await run(JSON.parse(task ?? '') as Task))
