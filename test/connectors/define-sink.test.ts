// sink() and twoPhaseCommitSink(): lives of writers, outcomes of commits, wrong definitions.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sink, twoPhaseCommitSink } from '../../src/connectors/define-sink.ts'
import { writerContext } from './helpers.ts'

const times = new Float64Array(1)
const scopeOf = (checkpointId: number) => ({ ...writerContext().scope, checkpointId })

describe('sink()', () => {
  it('opens once, hands the resource to each call and closes it once', async () => {
    const calls: string[] = []
    const made = sink<string, string>({
      open: ({ subtaskIndex }) => `r${subtaskIndex}`,
      write: (values, resource) => void calls.push(`write ${values.join()} ${resource}`),
      flush: (resource) => void calls.push(`flush ${resource}`),
      close: (resource) => void calls.push(`close ${resource}`),
    })
    assert.equal(made.guarantee, 'at-least-once')
    const writer = await made.createWriter(writerContext())
    await writer.write(['a'], times)
    assert.deepEqual(await writer.prepareCommit(scopeOf(1)), [])
    await writer[Symbol.asyncDispose]()
    await writer[Symbol.asyncDispose]()
    assert.deepEqual(calls, ['write a r0', 'flush r0', 'close r0'])
  })

  it('refuses definitions that cannot work', () => {
    const make = sink as (definition: unknown) => unknown
    assert.throws(() => make({}), { code: 'CONFIG_INVALID', message: /write is missing/ })
    assert.throws(() => make({ write: () => undefined, open: 5 }), { code: 'CONFIG_INVALID' })
    assert.throws(() => make({ wirte: () => undefined }), { code: 'CONFIG_UNKNOWN_OPTION' })
  })
})

describe('twoPhaseCommitSink()', () => {
  function recorded(writerLifetime?: 'checkpoint' | 'subtask') {
    const calls: string[] = []
    let writers = 0
    const made = twoPhaseCommitSink<string, string>({
      ...(writerLifetime === undefined ? {} : { writerLifetime }),
      createWriter({ scope }) {
        const id = ++writers
        calls.push(`create ${id} after ${scope.checkpointId}`)
        return {
          write: (values) => void calls.push(`write ${id} ${values.join()}`),
          prepareCommit: ({ checkpointId }) => [`part ${id} of ${checkpointId}`],
          [Symbol.asyncDispose]() {
            calls.push(`close ${id}`)
            return Promise.resolve()
          },
        }
      },
      createCommitter: () => ({ commit: () => undefined }),
    })
    return { calls, made }
  }

  it('makes a writer for the first record after each checkpoint', async () => {
    const { calls, made } = recorded()
    const writer = await made.createWriter(writerContext())
    assert.deepEqual(await writer.prepareCommit(scopeOf(1)), [])
    await writer.write(['a'], times)
    await writer.write(['b'], times)
    assert.deepEqual(await writer.prepareCommit(scopeOf(2)), ['part 1 of 2'])
    await writer.write(['c'], times)
    await writer[Symbol.asyncDispose]()
    assert.deepEqual(calls, [
      'create 1 after 1',
      'write 1 a',
      'write 1 b',
      'close 1',
      'create 2 after 2',
      'write 2 c',
      'close 2',
    ])
  })

  it('keeps one writer if it is told to', async () => {
    const { calls, made } = recorded('subtask')
    const writer = await made.createWriter(writerContext())
    await writer.write(['a'], times)
    assert.deepEqual(await writer.prepareCommit(scopeOf(1)), ['part 1 of 1'])
    await writer.write(['b'], times)
    assert.deepEqual(await writer.prepareCommit(scopeOf(2)), ['part 1 of 2'])
    assert.deepEqual(calls, ['create 1 after 0', 'write 1 a', 'write 1 b'])
  })

  it('loses nothing that was prepared when closing a writer fails', async () => {
    let fails = true
    const made = twoPhaseCommitSink<string, string>({
      createWriter: () => ({
        write: () => undefined,
        prepareCommit: ({ checkpointId }) => [`part of ${checkpointId}`],
        [Symbol.asyncDispose]: () =>
          fails ? Promise.reject(new Error('cannot close')) : Promise.resolve(),
      }),
      createCommitter: () => ({ commit: () => undefined }),
    })
    const writer = await made.createWriter(writerContext())
    await writer.write(['a'], times)
    await assert.rejects(writer.prepareCommit(scopeOf(1)), /cannot close/)
    fails = false
    await writer.write(['b'], times)
    assert.deepEqual(await writer.prepareCommit(scopeOf(2)), ['part of 1', 'part of 2'])
  })

  it('takes a silent commit for done, passes retry on, and codes failures', async () => {
    const outcomes = [undefined, 'committed', 'retry'] as const
    let next = 0
    const made = twoPhaseCommitSink<string, string>({
      name: 'mine',
      createWriter: () => ({ write: () => undefined, prepareCommit: () => [] }),
      createCommitter: () => ({
        commit() {
          if (next < outcomes.length) return outcomes[next++]
          throw new Error('no route')
        },
      }),
    })
    await using committer = await made.createCommitter?.(writerContext())
    const request = { committable: 'a', scope: scopeOf(7), attempt: 1 }
    assert.equal(await committer?.commit(request), 'committed')
    assert.equal(await committer?.commit(request), 'committed')
    assert.equal(await committer?.commit(request), 'retry')
    await assert.rejects(async () => committer?.commit(request), {
      code: 'CONNECTOR_FAILED',
      message: 'sink "mine": committing checkpoint 7 failed: no route',
    })
    assert.ok(committer !== undefined && !('withdraw' in committer))
  })

  it('refuses definitions that cannot work', () => {
    const make = twoPhaseCommitSink as (definition: unknown) => unknown
    const createWriter = () => undefined
    assert.throws(() => make({ createWriter }), { code: 'CONFIG_INVALID' })
    const createCommitter = createWriter
    assert.throws(() => make({ createWriter, createCommitter, writerLifetime: 'day' }), {
      code: 'CONFIG_INVALID',
    })
    assert.throws(() => make({ createWriter, createCommitter, recovr: createWriter }), {
      code: 'CONFIG_UNKNOWN_OPTION',
    })
  })
})
