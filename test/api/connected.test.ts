// What cannot be connected, and is told so while the job is built.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type DataStream, keyedCoProcess, t, valueState } from 'millrace'
import { type Build, graphOf, planFor, shapeOf } from '../graph/graphs.ts'

const nothing = { processElement1: () => undefined, processElement2: () => undefined }

function refused(build: Build, error: object): void {
  assert.throws(() => graphOf(2, build), error)
}

describe('connect', () => {
  it('refuses a stream of another job', () => {
    let other: DataStream<string> | undefined
    graphOf(1, (_env, lines) => {
      other = lines
      lines.print()
    })
    const stream = other as DataStream<string>
    const problem = /^connect .* joins a (keyed )?stream of another job$/
    refused((_env, lines) => void lines.connect(stream), {
      code: 'JOB_GRAPH_INVALID',
      message: problem,
    })
    refused(
      (_env, lines) => {
        lines.keyBy((line) => line).connect(stream.keyBy((line) => line))
      },
      { code: 'JOB_GRAPH_INVALID', message: problem },
    )
  })

  it('refuses a stream without key where one is needed, and the other way round', () => {
    refused(
      (_env, lines) => {
        // @ts-expect-error it is not keyed
        lines.keyBy((line) => line).connect(lines)
      },
      { code: 'JOB_GRAPH_INVALID' },
    )
    refused(
      (_env, lines) => {
        // @ts-expect-error it is keyed
        lines.connect(lines.keyBy((line) => line))
      },
      { code: 'JOB_GRAPH_INVALID' },
    )
  })

  it('refuses keys of different types', () => {
    const message = /^coProcess "both" .* connects keys of different types, string and float64$/
    refused(
      (_env, lines) => {
        const byText = lines.keyBy((line) => line, t.string)
        const byLength = lines.keyBy((line) => line.length, t.float64)
        // @ts-expect-error string and number
        byText.connect(byLength).process('both', nothing)
      },
      { code: 'JOB_GRAPH_INVALID', message },
    )
    const declared = keyedCoProcess({ key: t.float64, ...nothing })
    refused(
      (_env, lines) => {
        const byText = lines.keyBy((line) => line, t.string)
        // @ts-expect-error the function is for keys that are numbers
        byText.connect(byText).process('both', declared)
      },
      { code: 'JOB_GRAPH_INVALID', message },
    )
  })

  it('refuses functions that lack an entrance or are asynchronous', () => {
    refused(
      (_env, lines) => {
        // @ts-expect-error processElement2 is missing
        lines.connect(lines).process('both', { processElement1: () => undefined })
      },
      { message: /needs a processElement2 function, and got undefined/ },
    )
    const keyed: Build = (_env, lines) => {
      const byLine = lines.keyBy((line) => line)
      // @ts-expect-error functions are synchronous
      byLine.connect(byLine).process('both', { ...nothing, processElement1: async () => undefined })
    }
    refused(keyed, { code: 'JOB_ASYNC_FUNCTION' })
    refused(
      (_env, lines) => {
        const later = async () => 1
        // @ts-expect-error functions are synchronous
        lines.connect(lines).map(later, () => 1)
      },
      { code: 'JOB_ASYNC_FUNCTION' },
    )
    refused(
      (_env, lines) => {
        // @ts-expect-error the second function is missing
        lines.connect(lines).flatMap(() => [])
      },
      { message: /needs two functions, and got undefined/ },
    )
  })

  it('refuses what is no state', () => {
    refused(
      (_env, lines) => {
        const byLine = lines.keyBy((line) => line)
        // @ts-expect-error a type is no state
        byLine.connect(byLine).process('both', { ...nothing, state: { seen: t.int32 } })
      },
      { message: /state "seen" is no declared state/ },
    )
  })
})

describe('the plan of connected streams', () => {
  const build: Build = (_env, lines) => {
    const byLine = lines.keyBy((line) => line, t.string)
    const state = { seen: valueState(t.int32) }
    const both = byLine.connect(lines.map((line) => line).keyBy((line) => line))
    both.process('both', { ...nothing, state }).print('out')
  }

  it('has a vertex of its own for a node with two inputs, at any parallelism', () => {
    assert.deepEqual(shapeOf(2, build), ['lines → map', 'both → out < 0 hash, 0 hash'])
    assert.deepEqual(shapeOf(1, build), ['lines → map', 'both → out < 0 forward, 0 forward'])
  })

  it('says which edges feed the second input, and the key of both', () => {
    const plan = planFor(2, build)
    assert.deepEqual(
      plan.edges.map((edge) => edge.input),
      [undefined, 1],
    )
    const both = plan.nodes.find((node) => node.uid === 'both')
    assert.deepEqual(both?.keyType, { kind: 'string' })
    assert.deepEqual(both?.inputs, [0, 1])
    assert.equal(both?.operation, 'coProcess')
  })
})
