// Committables from the barrier to the commit: nothing is lost when a checkpoint is given up,
// nothing is committed before its checkpoint is complete, and a restore commits what was left.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SinkNode } from '../../src/graph/job-graph.ts'
import type { CommitOutcome, CommitRequest, CommitScope, Sink } from '../../src/operators/sink.ts'
import { sinkBrand } from '../../src/operators/sink.ts'
import { SinkRunner } from '../../src/runtime/sink-runner.ts'
import type { OperatorStateEntry } from '../../src/state/snapshot.ts'
import { MemoryScratch } from '../../src/storage/scratch-memory.ts'
import { t } from '../../src/types/t.ts'
import { testWorkerHost, turns, until } from './doubles.ts'

/** What the outside world sees of a sink, over all its runs. */
class World {
  readonly committed: string[] = []
  readonly attempts: number[] = []
  readonly recovered: (readonly string[])[] = []
  readonly events: string[] = []
  answer: (committable: string) => CommitOutcome = () => 'committed'
  writerCloses = true

  sink(): Sink<unknown, string> {
    return {
      [sinkBrand]: true,
      name: 'world',
      guarantee: 'exactly-once',
      committable: t.string,
      createWriter: async () => {
        this.events.push('writer')
        let written: unknown[] = []
        return {
          write: (values) => void written.push(...values),
          prepareCommit: async ({ checkpointId }) => {
            const values = written
            written = []
            return values.length === 0 ? [] : [`${checkpointId}: ${values.join(' ')}`]
          },
          [Symbol.asyncDispose]: async () => {
            if (!this.writerCloses) throw new Error('the writer does not close')
          },
        }
      },
      createCommitter: async () => ({
        commit: async ({ committable, attempt }: CommitRequest<string>) => {
          this.attempts.push(attempt)
          const outcome = this.answer(committable)
          if (outcome === 'committed') this.committed.push(committable)
          this.events.push(`${outcome} ${committable}`)
          return outcome
        },
        [Symbol.asyncDispose]: async () => void this.events.push('committer closed'),
      }),
      recover: async (_context, alive) => void this.recovered.push(alive),
    }
  }
}

const scope: CommitScope = { jobName: 'job', lineage: 'a', leaderEpoch: 3, checkpointId: 0 }

async function runnerOf(
  world: World,
  restored: readonly OperatorStateEntry[] = [],
  ofScope: Partial<CommitScope> = {},
) {
  const waiting = { records: [], mustBeWritten: false }
  const host = testWorkerHost()
  const abort = new AbortController()
  const node: SinkNode = {
    kind: 'sink',
    id: 5,
    uid: 'out',
    label: 'out',
    location: undefined,
    outputType: t.string,
    inputs: [],
    sink: world.sink(),
  }
  const runner = new SinkRunner({
    node,
    operatorId: 9,
    scope: { ...scope, ...ofScope },
    claimedLineage: undefined,
    subtaskIndex: 0,
    input: { node: 5, edge: 0, receivers: 1, type: t.string, key: undefined, operatorId: 9 },
    host,
    scratch: new MemoryScratch(),
    memoryBytesMax: 1024,
    valuesFull: 8_192,
    isEncrypted: false,
    signal: abort.signal,
  })
  const opening = runner.open({ own: restored, all: restored, withdraw: [], waiting })
  return { runner, host, abort, opening }
}

describe('a sink runner', () => {
  it('commits what lies before a barrier once its checkpoint is complete', async () => {
    const world = new World()
    const { runner, opening } = await runnerOf(world)
    await opening
    runner.pump.collect('a', 0)
    runner.pump.collect('b', 0)
    const cut = runner.barrier(1)
    runner.pump.collect('c', 0)
    assert.equal((await cut).length, 1)
    assert.deepEqual(world.committed, [])
    await runner.commit(1)
    assert.deepEqual(world.committed, ['1: a b'])
    assert.equal((await runner.barrier(2)).length, 1, 'what is committed is not in the next one')
    await runner.commit(2)
    await runner.commit(2)
    assert.deepEqual(world.committed, ['1: a b', '2: c'])
  })

  it('keeps the committables of a checkpoint that was given up for the next one', async () => {
    const world = new World()
    const { runner, opening } = await runnerOf(world)
    await opening
    runner.pump.collect('a', 0)
    await runner.barrier(1)
    runner.pump.collect('b', 0)
    const entries = await runner.barrier(2)
    assert.equal(entries.length, 2)
    assert.ok(entries.every(({ kind, operatorId }) => kind === 'committable' && operatorId === 9))
    await runner.commit(2)
    assert.deepEqual(world.committed, ['1: a', '2: b'])
  })

  it('has the committables of a checkpoint under way in the next one, too', async () => {
    const world = new World()
    const { runner, opening } = await runnerOf(world)
    await opening
    runner.pump.collect('a', 0)
    const first = runner.barrier(1)
    runner.pump.collect('b', 0)
    const second = runner.barrier(2)
    assert.deepEqual([(await first).length, (await second).length], [1, 2])
    await runner.commit(2)
    assert.deepEqual(world.committed, ['1: a', '2: b'])
  })

  it('keeps what is being committed in the checkpoints meanwhile', async () => {
    const world = new World()
    const { runner, host, opening } = await runnerOf(world)
    await opening
    runner.pump.collect('a', 0)
    await runner.barrier(1)
    world.answer = () => 'retry'
    const committing = runner.commit(1)
    await until(() => host.clock.waiting > 0)
    runner.pump.collect('b', 0)
    assert.equal((await runner.barrier(2)).length, 2)
    world.answer = () => 'committed'
    host.clock.advance(100)
    await committing
    assert.deepEqual(world.committed, ['1: a'])
    assert.deepEqual(world.attempts, [1, 2])
  })

  it('asks a committer again, at growing intervals, until it has committed', async () => {
    const world = new World()
    const { runner, host, opening } = await runnerOf(world)
    await opening
    runner.pump.collect('a', 0)
    await runner.barrier(1)
    world.answer = () => (world.attempts.length < 6 ? 'retry' : 'committed')
    const committing = runner.commit(1)
    const waits: number[] = []
    for (const waitMs of [100, 200, 400, 800, 1_600]) {
      await until(() => host.clock.waiting > 0)
      host.clock.advance(waitMs - 1)
      await turns()
      assert.equal(host.clock.waiting, 1, `not before ${waitMs} ms`)
      host.clock.advance(1)
      waits.push(waitMs)
      await turns()
    }
    await committing
    assert.deepEqual(world.attempts, [1, 2, 3, 4, 5, 6])
  })

  it('commits what a former run left, before it makes a writer', async () => {
    const world = new World()
    const former = await runnerOf(world)
    await former.opening
    former.runner.pump.collect('a', 0)
    const entries = await former.runner.barrier(1)
    world.events.length = 0
    const next = await runnerOf(world, entries, { leaderEpoch: 4, checkpointId: 1 })
    await next.opening
    assert.deepEqual(world.recovered.at(-1), ['1: a'])
    assert.deepEqual(world.events, ['committed 1: a', 'writer'])
    assert.deepEqual(await next.runner.barrier(2), [])
  })

  it('leaves the committables of another line of checkpoints to their owner', async () => {
    const world = new World()
    const former = await runnerOf(world)
    await former.opening
    former.runner.pump.collect('a', 0)
    const entries = await former.runner.barrier(1)
    const fork = await runnerOf(world, entries, { lineage: 'b' })
    await fork.opening
    assert.deepEqual(world.committed, [])
    assert.deepEqual(world.recovered.at(-1), [])
  })

  it('gives up a commit that is to be tried again when its worker ends', async () => {
    const world = new World()
    const { runner, host, abort, opening } = await runnerOf(world)
    await opening
    runner.pump.collect('a', 0)
    await runner.barrier(1)
    world.answer = () => 'retry'
    const committing = runner.commit(1)
    await until(() => host.clock.waiting > 0)
    abort.abort()
    await assert.rejects(committing, { name: 'AbortError' })
    assert.equal((await runner.barrier(2)).length, 1, 'it is still to be committed')
  })

  it('closes its committer also when its writer does not close', async () => {
    const world = new World()
    const { runner, opening } = await runnerOf(world)
    await opening
    world.writerCloses = false
    await assert.rejects(runner.close(), /does not close/)
    assert.equal(world.events.at(-1), 'committer closed')
  })
})
