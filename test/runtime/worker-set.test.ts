// The workers of an attempt as the master sees them: steps that all must answer, workers that are
// lost at any time, and their end.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FromWorker, ToWorker } from '../../src/checkpoint/messages.ts'
import { errorToData, MillraceError, type ErrorData } from '../../src/errors.ts'
import type { JobPlan } from '../../src/graph/plan.ts'
import { embeddedHost } from '../../src/runtime/host-embedded.ts'
import type { WorkerEvents, WorkerSpec } from '../../src/runtime/host.ts'
import { WorkerSet } from '../../src/runtime/worker-set.ts'
import { ManualClock, turns, until } from './doubles.ts'

interface FakeWorker {
  readonly events: WorkerEvents
  readonly received: ToWorker[]
  terminated: number
}

function workersOf() {
  const clock = new ManualClock()
  const spawned: FakeWorker[] = []
  const lost: ErrorData[] = []
  const messages: FromWorker[] = []
  const host = {
    ...embeddedHost,
    clock,
    spawn(_spec: WorkerSpec, events: WorkerEvents) {
      const worker: FakeWorker = { events, received: [], terminated: 0 }
      spawned.push(worker)
      return {
        send: (message: ToWorker) => void worker.received.push(message),
        async terminate() {
          worker.terminated++
        },
      }
    },
  }
  const workers = new WorkerSet(host, {
    message: (_worker, message) => void messages.push(message),
    lost: (error) => void lost.push(error),
  })
  return { workers, spawned, lost, messages, clock }
}

const specs = (count: number): WorkerSpec[] =>
  Array.from({ length: count }, (_, index) => ({ index, moduleUrl: undefined, job: undefined }))
const loaded: FromWorker = { kind: 'loaded', job: { name: 'job', options: {} } }
const timings = { initMs: 1, prepareMs: 2, confirmMs: 3, completeMs: 4 }
const gone = errorToData(new MillraceError('WORKER_LOST', 'worker 1 ended: exit code 1'))

async function started(count: number) {
  const set = workersOf()
  const starting = set.workers.start(specs(count))
  for (const { events } of set.spawned) events.message(loaded)
  await starting
  return set
}

describe('a set of workers', () => {
  it('has started when each worker has loaded the job', async () => {
    const { workers, spawned } = workersOf()
    let facts: unknown
    const starting = workers.start(specs(2)).then((answer) => (facts = answer))
    spawned[0]?.events.message(loaded)
    spawned[0]?.events.message(loaded)
    await turns()
    assert.equal(facts, undefined)
    spawned[1]?.events.message(loaded)
    await starting
    assert.deepEqual(facts, { name: 'job', options: {} })
    assert.equal(workers.count, 2)
  })

  it('refuses a job that builds different graphs in different workers', async () => {
    const { workers, spawned } = await started(2)
    const configuring = workers.configure({ kind: 'start' })
    for (const [at, { events }] of spawned.entries()) {
      // Of a plan only its text is compared.
      const plan = { jobName: `job ${at}` } as JobPlan
      events.message({ kind: 'planned', plan, params: {} })
    }
    await assert.rejects(configuring, { code: 'JOB_GRAPH_INVALID' })
  })

  it('sums the times of all workers when they are deployed', async () => {
    const { workers, spawned } = await started(2)
    const deploying = workers.deploy([{ kind: 'start' }, { kind: 'start' }])
    for (const { events } of spawned) {
      events.message({ kind: 'deployed', round: 0, openTimings: timings })
    }
    assert.deepEqual(await deploying, { initMs: 2, prepareMs: 4, confirmMs: 6, completeMs: 8 })
  })

  it('fails the step that waits when a worker is lost, and says so once', async () => {
    const { workers, spawned, lost } = await started(2)
    const deploying = workers.deploy([{ kind: 'start' }, { kind: 'start' }])
    spawned[1]?.events.exit(gone)
    spawned[0]?.events.message({ kind: 'failed', error: gone })
    await assert.rejects(deploying, { code: 'WORKER_LOST' })
    assert.equal(lost.length, 1)
  })

  it('fails the next step when a worker was lost while none waited', async () => {
    const { workers, spawned, lost } = await started(2)
    spawned[1]?.events.exit(gone)
    assert.equal(lost.length, 1)
    await assert.rejects(workers.deploy([]), { code: 'WORKER_LOST' })
  })

  it('hands on nothing that comes after a loss, and sends nothing to who is gone', async () => {
    const { workers, spawned, messages } = await started(2)
    spawned[0]?.events.message({ kind: 'committed', checkpointId: 1 })
    spawned[1]?.events.exit(gone)
    spawned[0]?.events.message({ kind: 'committed', checkpointId: 2 })
    assert.deepEqual(messages, [{ kind: 'committed', checkpointId: 1 }])
    workers.broadcast({ kind: 'drain' })
    assert.deepEqual(
      spawned.map(({ received }) => received.length),
      [1, 0],
    )
  })

  it('closes when all workers are gone, and is not told of their end as a loss', async () => {
    const { workers, spawned, lost } = await started(2)
    let closed = false
    const closing = workers.close().then(() => (closed = true))
    assert.deepEqual(
      spawned.map(({ received }) => received.at(-1)?.kind),
      ['close', 'close'],
    )
    spawned[0]?.events.exit(undefined)
    await turns()
    assert.equal(closed, false)
    spawned[1]?.events.exit(gone)
    await closing
    assert.deepEqual(lost, [])
    assert.deepEqual(
      spawned.map(({ terminated }) => terminated),
      [0, 0],
    )
    await workers.close()
  })

  it('ends by force who does not close in time', async () => {
    const { workers, spawned, clock } = await started(2)
    const closing = workers.close()
    spawned[0]?.events.exit(undefined)
    await until(() => clock.waiting > 0)
    clock.advance(5_000)
    await closing
    assert.deepEqual(
      spawned.map(({ terminated }) => terminated),
      [0, 1],
    )
  })
})
