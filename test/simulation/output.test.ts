// What the simulated sinks have made visible, and what of that a savepoint stands for.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FaultPlan } from '../../simulation/faults.ts'
import { Scheduler } from '../../simulation/scheduler.ts'
import { SimClock } from '../../simulation/sim-clock.ts'
import { SimOutput } from '../../simulation/sim-connectors.ts'
import { SeededRandom } from '../../src/util/random.ts'

test('a savepoint stands for all lines before it, and of its own up to itself', async () => {
  const scheduler = new Scheduler({ eventsMax: 1_000 })
  const random = new SeededRandom(1)
  const faults = new FaultPlan(random.fork('faults'), {})
  const output = new SimOutput({ scheduler, faults, random }, () => true)
  const clock = new SimClock(scheduler, scheduler.world, random.fork('clock'))
  const sink = output.sink('out', true)

  /** One part of output, committed. */
  async function commit(lineage: string, checkpointId: number): Promise<void> {
    const scope = { jobName: 'sim', lineage, leaderEpoch: 1, checkpointId }
    const { signal } = new AbortController()
    const context = { scope, uid: 'out', subtaskIndex: 0, clock, signal }
    const writer = await sink.createWriter(context)
    const committer = await sink.createCommitter?.(context)
    await writer.write([{ k: 1, v: checkpointId, at: 0, pad: '' }], new Float64Array(1))
    for (const committable of await writer.prepareCommit(scope)) {
      await committer?.commit({ committable, scope, attempt: 1 })
    }
  }

  const work = async (): Promise<void> => {
    await commit('left', 1)
    await commit('first', 5)
    await commit('second', 2)
    await commit('second', 3)
  }
  let isDone = false
  const working = work().finally(() => (isDone = true))
  await scheduler.drive(() => isDone)
  await working
  const visible = output.visibleUpTo(['first', 'second'], 2)
  assert.deepEqual([...visible], ['out/first/1/5/0', 'out/second/1/2/0'])
})
