/** The job of a seed as one start builds it: the workload, with the world's ends and faults. */
import type { Job } from '../../src/index.ts'
import { required } from '../../src/util/assert.ts'
import type { Random } from '../../src/util/random.ts'
import { Violation } from '../scheduler.ts'
import type { SeedOptions } from '../seed.ts'
import type { SimClock } from '../sim-clock.ts'
import { answerOfWorld, type ConnectorWorld, type SimOutput, simSource } from '../sim-connectors.ts'
import type { BackendNeeds } from '../theme.ts'
import { buildWorkload } from '../workloads/build.ts'
import type { Witness } from '../witness/witness.ts'
import type { Workload } from '../workloads/workload.ts'
import type { Poison } from './poison.ts'

/** So many calls of functions with an error policy throw. */
const GUARDED_ERRORS = 0.1
const PARKED_ERRORS = 0.03

export interface SimJobParts extends Pick<SeedOptions, 'backends' | 'remotes' | 'tamper'> {
  readonly random: Random
  readonly needs: BackendNeeds | undefined
  /** Then nothing may lie below the rows in memory. */
  readonly isEncrypted: boolean
  readonly witness: Witness | undefined
  /** Of the code: types change from age to age. */
  readonly age: number
  readonly workload: Workload
  readonly output: SimOutput
  readonly clock: SimClock
  readonly poison: Poison
  /** How many splits there are by now, of a source that is not bounded. */
  splitsNow(): number
  /** `uid/id` of a split that was handed over to its end. */
  onSplitEnd(split: string): void
}

export function simJob(world: ConnectorWorld, parts: SimJobParts): Job {
  const { backends, remotes = [], tamper, random, age, workload, output, clock, poison } = parts
  const { sources, typed, lastingWriters } = workload
  const guarded = random.fork('guarded')
  const drawn = random.int(backends.length)
  // The last one has a store below.
  const layered = parts.needs?.isLayered === true ? backends.length - 1 : drawn
  const chosen = parts.isEncrypted ? 0 : layered
  const isLast = chosen === backends.length - 1
  const remote = remotes.find(({ name, of }) => isLast && random.fork(name).int(of) === 0)
  const make = required(remote?.make ?? backends[chosen], 'no backend is given')
  const backend = make(random, parts.needs)
  return buildWorkload('sim', workload, {
    backend: parts.witness?.watching(backend) ?? backend,
    age,
    source: (index) => {
      const source = required(sources[index], 'no such source')
      return simSource(world, source, {
        typed,
        tamper,
        splitsNow: () => parts.splitsNow(),
        onEnd: (splitId) => parts.onSplitEnd(`${source.uid}/${splitId}`),
      })
    },
    sink: (uid) => output.sink(uid, lastingWriters),
    violated: (what) => world.scheduler.fail(new Violation(what)),
    beforeRecord(rec) {
      poison.taste(rec)
      if (world.faults.strikes('functionError')) throw new Error('injected: the function failed')
    },
    beforeGuarded(policy, call) {
      const { faults } = world
      const isPark = policy === 'park'
      // Keys that are parked restart nothing: all themes may have some.
      const isPeace = isPark ? faults.kinds.length === 0 : faults.chances.functionError === 0
      if (faults.isHealed || isPeace) return
      const fails = isPark
        ? poison.sticks(call, PARKED_ERRORS, guarded)
        : guarded.next() < GUARDED_ERRORS
      if (!fails) return
      faults.count(isPark ? 'keyParked' : 'functionError')
      const error = new Error('injected: the guarded function failed')
      // It becomes state, which is not to depend on how much of stacks is kept.
      error.stack = error.message
      throw error
    },
    answer: (signal) => answerOfWorld(world, clock, signal),
  })
}
