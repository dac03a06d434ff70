import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type DataStream, job, keyedProcess, type StreamEnvironment, t } from 'millrace'
import { asJob } from '../../src/graph/job.ts'
import type { GraphNode, StreamGraph } from '../../src/graph/job-graph.ts'

function nodesOf(build: (env: StreamEnvironment) => void): StreamGraph['nodes'] {
  return asJob(job('tested', build)).streamGraph({}).nodes
}

/** The node that `chain` adds last. */
function lastNode(chain: (lines: DataStream<string>) => void): GraphNode {
  const node = nodesOf((env) => chain(env.fromElements('lines', ['a'], t.string))).at(-1)
  assert.ok(node)
  return node
}

/** A function as JavaScript may give it. */
const anything = (value: unknown) => value as () => never

describe('a chained operator', () => {
  it('knows the line of the user that made it', () => {
    const node = lastNode((lines) => lines.map((line) => line))
    assert.match(node.location ?? '', /test\/api\/streams\.test\.ts:\d+:\d+$/)
    assert.match(node.label, /^map \(streams\.test\.ts:\d+\)$/)
  })

  it('knows it also inside a composite, and at a stack limit of none', () => {
    const composite = (lines: DataStream<string>) => lines.filter((line) => line !== '')
    assert.match(lastNode((lines) => lines.through(composite)).label, /streams\.test\.ts/)
    const limit = Error.stackTraceLimit
    Error.stackTraceLimit = 0
    assert.match(lastNode(composite).label, /streams\.test\.ts/)
    assert.equal(Error.stackTraceLimit, 0)
    Error.stackTraceLimit = limit
  })

  it('is named by its uid if it has one', () => {
    assert.equal(lastNode((lines) => lines.keyBy((line) => line).count('counts')).label, 'counts')
  })

  it('carries the type of its records: of the source, through filter, by returns', () => {
    const typeInto = (chain: (lines: DataStream<string>) => DataStream<string>) => {
      const node = lastNode((lines) => chain(lines).print())
      return node.kind === 'sink' ? node.inputs[0]?.type.schema.kind : undefined
    }
    assert.equal(
      typeInto((lines) => lines),
      'string',
    )
    assert.equal(
      typeInto((lines) => lines.filter(() => true)),
      'string',
    )
    assert.equal(
      typeInto((lines) => lines.map((line) => line)),
      'dynamic',
    )
    assert.equal(
      typeInto((lines) => lines.map((line) => line).returns(t.string)),
      'string',
    )
  })

  it('shares the key selector of its keyed stream', () => {
    const nodes = nodesOf((env) => {
      const keyed = env.fromElements('lines', ['a']).keyBy((line) => line)
      keyed.count('a')
      keyed.sum('b', (line) => line.length)
    })
    const keys = nodes.flatMap((node) => (node.kind === 'operator' ? [node.key] : []))
    assert.equal(keys.length, 2)
    assert.ok(keys[0] !== undefined && keys[0] === keys[1])
  })

  it('takes the key type of the function where keyBy has none, and refuses another one', () => {
    const fn = keyedProcess({ key: t.string, input: t.string, processElement: () => undefined })
    const node = lastNode((lines) => lines.keyBy((line) => line).process('p', fn))
    assert.equal(node.kind === 'operator' && node.key?.type, t.string)
    const same = lastNode((lines) => lines.keyBy((line) => line, t.string).process('p', fn))
    assert.equal(same.kind === 'operator' && same.key?.type, t.string)
    const other = t.enum('a', 'b')
    assert.throws(
      () => lastNode((lines) => lines.keyBy(() => 'a' as const, other).process('p', fn)),
      { code: 'JOB_GRAPH_INVALID', message: /process "p" \(.*\) declares the key/ },
    )
  })

  it('counts its prints', () => {
    const nodes = nodesOf((env) => {
      const ones = env.fromElements('ones', [1])
      ones.print()
      ones.print()
      ones.print('mine')
    })
    assert.deepEqual(
      nodes.map((node) => node.uid),
      ['ones', 'print', 'print-2', 'mine'],
    )
  })

  it('latest after count keeps its records in the subtask', () => {
    const node = lastNode((lines) =>
      lines
        .keyBy((line) => line)
        .count('c')
        .latest('l'),
    )
    assert.ok(node.kind === 'operator')
    assert.equal(node.inputs[0]?.partitioning, 'forward')
    assert.equal(node.key?.select({ key: 'k', value: 3 }), 'k')
    const own = lastNode((lines) => lines.keyBy((line) => line).latest('l'))
    assert.equal(own.kind === 'operator' && own.inputs[0]?.partitioning, 'hash')
  })
})

describe('a chain of mistakes', () => {
  const mistakes: readonly (readonly [string, (lines: DataStream<string>) => void, RegExp])[] = [
    ['no function', (lines) => lines.map(anything(undefined)), /map \(.*\) needs a function/],
    ['no function for state', (lines) => lines.keyBy((l) => l).sum('s', anything(3)), /sum "s" \(/],
    ['no process function', (lines) => lines.process('p', null as never), /processElement/],
    [
      'no state',
      (lines) => {
        const state: never = { a: 3 } as never // what JavaScript allows
        lines.keyBy((line) => line).process('p', { state, processElement: () => undefined })
      },
      /state "a" is no declared state/,
    ],
    ['no sink', (lines) => lines.sinkTo('out', {} as never), /sinkTo "out" .* no sink/],
    ['no tag', (lines) => lines.sideOutput('late' as never), /sideOutput .* got no tag/],
    [
      'two side outputs of one name',
      (lines) => {
        const tags = [
          { name: 'a', type: t.string },
          { name: 'a', type: t.int32 },
        ]
        lines.process('p', { sideOutputs: tags, processElement: () => undefined })
      },
      /two side outputs "a"/,
    ],
  ]
  for (const [what, chain, said] of mistakes) {
    it(`is refused: ${what}`, () => {
      assert.throws(() => lastNode(chain), { code: 'JOB_GRAPH_INVALID', message: said })
    })
  }

  it('is refused: no source, wrong times', () => {
    const source = {} as never
    assert.throws(() => nodesOf((env) => env.fromSource('s', source)), { message: /no source/ })
  })

  it('is refused: a stream of another job', () => {
    let other: DataStream<string> | undefined
    lastNode((lines) => (other = lines))
    assert.throws(() => lastNode((lines) => other && lines.union(other)), {
      code: 'JOB_GRAPH_INVALID',
      message: /union \(.*\) joins a stream of another job/,
    })
  })

  const later = async () => 1
  const asynchronous: readonly (readonly [string, (lines: DataStream<string>) => void])[] = [
    ['map', (lines) => lines.map(anything(later))],
    ['flatMap', (lines) => lines.flatMap(anything(async function* () {}))],
    ['filter', (lines) => lines.filter(anything(later))],
    ['keyBy', (lines) => lines.keyBy(anything(later))],
    ['reduce', (lines) => lines.keyBy((line) => line).reduce('r', anything(later))],
    [
      'aggregate',
      (lines) => {
        const fn = { createAccumulator: () => 0, add: anything(later), getResult: () => 0 }
        lines.keyBy((line) => line).aggregate('a', fn)
      },
    ],
    ['process', (lines) => lines.process('p', { processElement: anything(later) })],
    [
      'onTimer',
      (lines) => {
        const fn = { processElement: () => undefined, onTimer: anything(later) }
        lines.keyBy((line) => line).process('p', fn)
      },
    ],
  ]
  for (const [what, chain] of asynchronous) {
    it(`is refused: an asynchronous function in ${what}`, () => {
      assert.throws(() => lastNode(chain), { code: 'JOB_ASYNC_FUNCTION', cure: /asyncMap/ })
    })
  }
})
