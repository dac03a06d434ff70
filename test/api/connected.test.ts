// What cannot be connected, and is told so while the job is built.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type DataStream,
  keyedBroadcastProcess,
  keyedCoProcess,
  mapState,
  operatorListState,
  t,
  valueState,
} from 'millrace'
import { broadcastHarness } from 'millrace/testing'
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

describe('broadcast', () => {
  const sides = { processElement: () => undefined, processBroadcastElement: () => undefined }
  const maps = { rules: mapState(t.string, t.string) }

  it('refuses what is no map, and no maps at all', () => {
    refused(
      (_env, lines) => {
        // @ts-expect-error it is no map
        lines.broadcast({ rules: valueState(t.string) })
      },
      { code: 'JOB_GRAPH_INVALID', message: /broadcast state "rules" is no map/ },
    )
    refused((_env, lines) => void lines.broadcast({}), { message: /needs a state to keep/ })
  })

  it('refuses a broadcast stream of another job', () => {
    let other: DataStream<string> | undefined
    graphOf(1, (_env, lines) => {
      other = lines
      lines.print()
    })
    const rules = (other as DataStream<string>).broadcast(maps)
    const error = { message: /joins a stream of another job$/ }
    refused((_env, lines) => void lines.connect(rules), error)
    refused((_env, lines) => void lines.keyBy((line) => line).connect(rules), error)
  })

  it('refuses one name for two states, and other maps than the function declares', () => {
    refused(
      (_env, lines) => {
        const operatorState = { rules: operatorListState(t.string) }
        lines.connect(lines.broadcast(maps)).process('both', { ...sides, operatorState })
      },
      { message: /"rules" is both operator state and broadcast state/ },
    )
    const declared = keyedBroadcastProcess({
      broadcast: { rules: mapState(t.string, t.int32) },
      ...sides,
    })
    refused(
      (_env, lines) => {
        const keyed = lines.keyBy((line) => line)
        // @ts-expect-error of numbers there, of strings here
        keyed.connect(lines.broadcast(maps)).process('both', declared)
      },
      { message: /declares .* \{ rules: string → int32 \}, but .* \{ rules: string → string \}$/ },
    )
  })

  it('refuses functions that lack an entrance or are asynchronous', () => {
    refused(
      (_env, lines) => {
        const { processElement } = sides
        // @ts-expect-error processBroadcastElement is missing
        lines.connect(lines.broadcast(maps)).process('both', { processElement })
      },
      { message: /needs a processBroadcastElement function, and got undefined/ },
    )
    refused(
      (_env, lines) => {
        const processBroadcastElement = async () => undefined
        const fn = { ...sides, processBroadcastElement }
        // @ts-expect-error functions are synchronous
        lines.connect(lines.broadcast(maps)).process('both', fn)
      },
      { code: 'JOB_ASYNC_FUNCTION' },
    )
  })

  it('stops at a promise that slips through', async () => {
    const promised = keyedBroadcastProcess({
      key: t.string,
      input: t.string,
      broadcastInput: t.string,
      broadcast: maps,
      processElement: () => undefined,
      // As JavaScript may have it.
      processBroadcastElement: () => Promise.resolve() as unknown as undefined,
    })
    await using harness = await broadcastHarness(promised)
    assert.throws(() => harness.processBroadcastElement('x'), { code: 'JOB_ASYNC_FUNCTION' })
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
