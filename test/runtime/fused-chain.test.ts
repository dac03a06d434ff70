// Fused chains do what plain ones do: the same records and times in the same order, the same errors
// of the same operators; their texts hold nothing that a user wrote.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { type DataStream, isMillraceError, jsonField, t, words } from 'millrace'
import { sink } from 'millrace/connectors'
import { TextLine } from '../../src/operators/text/line.ts'
import { buildChain, type Chain, type ChainHost } from '../../src/runtime/chain.ts'
import { fusedText, type Step } from '../../src/runtime/fused-text.ts'
import { type Random, SeededRandom } from '../../src/util/random.ts'
import { systemClock } from '../../src/util/clock.ts'
import { graphOf } from '../graph/graphs.ts'
import { newSeed, Recorder } from './doubles.ts'

type Numbers = DataStream<number>
type Transform = (stream: Numbers) => Numbers

interface Built {
  readonly chain: Chain
  /** By the uid of a sink. */
  readonly sinks: ReadonlyMap<string, Recorder>
}

/** The chain of a job that is one vertex; the records of its source are numbers. */
function built(transform: (stream: Numbers) => void, isPlain: boolean): Built {
  const graph = graphOf(1, (_env, lines) => {
    // The chain is driven by hand: the source's own records never come.
    transform(lines as unknown as Numbers)
  })
  const [vertex] = graph.vertices
  assert.ok(vertex !== undefined && graph.vertices.length === 1)
  const sinks = new Map<string, Recorder>()
  const host: ChainHost = {
    jobName: 'tested',
    subtaskIndex: 0,
    parallelism: 1,
    world: {
      clock: systemClock,
      random: new SeededRandom(1),
      signal: new AbortController().signal,
      wake: () => undefined,
    },
    timersPerStep: 1,
    isPlain,
    processingTime: () => 0,
    sink({ uid }) {
      const recorder = new Recorder()
      sinks.set(uid, recorder)
      return recorder
    },
    exchange: () => assert.fail('there is no exchange'),
    table: () => assert.fail('there is no table'),
    place: () => '',
    report: () => undefined,
    operatorId: () => 1,
  }
  return { chain: buildChain(graph, vertex, host), sinks }
}

const drop = sink<number>({ write: () => undefined })

/** What comes out, and what is thrown, when these records go in. */
function effectOf({ chain, sinks }: Built, records: readonly number[]): unknown {
  const errors: unknown[] = []
  for (const record of records) {
    try {
      chain.entry.collect(record, record * 10)
    } catch (error) {
      if (!isMillraceError(error)) throw error
      const { code, message, details } = error
      errors.push({ code, message, details })
    }
    if (record % 3 === 0) for (const { stage } of chain.operators) stage.flush()
  }
  chain.entry.watermark(1_000)
  chain.entry.endInput()
  const outputs = [...sinks].map(([uid, { events, timestamps }]) => ({ uid, events, timestamps }))
  return { errors, outputs }
}

/** A generator, whose own errors and end count as its operator's. */
function* several(value: number, ended: string[]): Generator<number> {
  try {
    yield value
    if (value % 11 === 0) throw new Error(`no second of ${value}`)
    yield value + 1
  } finally {
    ended.push(String(value))
  }
}

/** Some operators one after the other, at random; they throw now and then. */
function randomTransform(random: Random, ended: string[]): Transform {
  let times = 0
  const kinds: readonly Transform[] = [
    (stream) => stream.map((value) => value + 1),
    (stream) =>
      stream.map((value) => {
        if (value % 7 === 0) throw new Error(`no ${value}`)
        return value * 2
      }),
    (stream) => stream.filter((value) => value % 5 !== 0),
    (stream) => stream.flatMap((value) => [value, -value, value].slice(0, 1 + (value & 1))),
    (stream) => stream.flatMap((value) => several(value, ended)),
    (stream) => {
      const options = { timestamp: (value: number) => value + 0.5, maxOutOfOrderness: 0 }
      return stream.assignTimestamps(`times-${times++}-${random.int(1e9)}`, options)
    },
    // Refused with its first results.
    (stream) => stream.map((value) => (value === 13 ? (Promise.resolve(1) as never) : value)),
  ]
  const chosen = Array.from({ length: random.int(6) }, () => kinds[random.int(kinds.length)])
  return (stream) => chosen.reduce((before, kind) => kind?.(before) ?? before, stream)
}

describe('a fused chain', () => {
  it('does what the plain one does, whatever its operators are', () => {
    const seed = newSeed()
    for (let round = 0; round < 60; round++) {
      const endings: string[][] = [[], []]
      const effects = [true, false].map((isPlain, index) => {
        const random = new SeededRandom(seed).fork(`round ${round}`)
        const transform = randomTransform(random, endings[index] ?? [])
        const branches = 1 + random.int(3)
        const records = Array.from({ length: 40 }, () => random.int(60))
        const build = (stream: Numbers): void => {
          const common = transform(stream)
          for (let branch = 0; branch < branches; branch++) {
            const own =
              branch === 0 ? common : randomTransform(random, endings[index] ?? [])(common)
            own.sinkTo(`out-${branch}`, drop)
          }
        }
        return effectOf(built(build, isPlain), records)
      })
      assert.deepEqual(effects[1], effects[0], `SEED=${seed}, round ${round}`)
      assert.deepEqual(endings[1], endings[0], `SEED=${seed}, round ${round}`)
    }
  })

  it('is one function, whose operators are not called', () => {
    const { chain, sinks } = built((stream) => {
      stream
        .map((value) => value + 1)
        .filter((value) => value > 1)
        .sinkTo('out', drop)
    }, false)
    for (const { operator } of chain.operators) {
      operator.processElement = () => assert.fail('an operator was called')
    }
    chain.entry.collect(1, 0)
    chain.entry.collect(0, 0)
    assert.deepEqual(sinks.get('out')?.values, [2])
  })

  it('names the operator that fails, and keeps the trace of the function', () => {
    const { chain } = built((stream) => {
      stream
        .map((value) => value)
        .filter(function picky(value) {
          throw new Error(`not ${value}`)
        })
        .map((value) => value)
        .sinkTo('out', drop)
    }, false)
    assert.throws(
      () => chain.entry.collect(4, 0),
      (error) => {
        assert.ok(isMillraceError(error) && error.cause instanceof Error)
        assert.equal(error.code, 'FUNCTION_FAILED')
        assert.match(error.message, /^filter .*fused-chain\.test\.ts.*: not 4$/)
        assert.match(String(error.cause.stack), /picky/)
        assert.match(String(error.cause.stack), /millrace:chain\/0\/0/)
        return true
      },
    )
  })

  it('leaves operators with an error policy as they are', () => {
    const { chain, sinks } = built((stream) => {
      const halves = stream
        .map((value) => value + 1)
        .map((value) => {
          if (value === 2) throw new Error('no 2')
          return value
        })
        .onError('skip')
      halves.map((value) => value * 10).sinkTo('out', drop)
    }, false)
    for (const record of [0, 1, 2]) chain.entry.collect(record, 0)
    assert.deepEqual(sinks.get('out')?.values, [10, 30])
  })

  it('takes lines that come as bytes where its operators read them', () => {
    const bytes = Buffer.from('{"n":4,"of":"a b"}\n')
    for (const isPlain of [true, false]) {
      const { chain, sinks } = built((stream) => {
        const lines = stream as unknown as DataStream<string>
        lines.map(jsonField('n', t.float64)).sinkTo('numbers', drop)
        lines
          .flatMap(words())
          .map((word) => word.length)
          .sinkTo('lengths', drop)
      }, isPlain)
      chain.entry.collect(new TextLine(bytes, 0, bytes.length - 1), 0)
      assert.deepEqual(sinks.get('numbers')?.values, [4])
      assert.deepEqual(sinks.get('lengths')?.values, [14, 3])
    }
  })

  it('is several functions where it is long', () => {
    const long = (isPlain: boolean): unknown => {
      const add = (stream: Numbers): void => {
        let added = stream
        for (let index = 0; index < 40; index++) {
          added = added.map((value) => {
            if (value === 70) throw new Error('no 70')
            return value + 1
          })
        }
        added.sinkTo('out', drop)
      }
      return effectOf(built(add, isPlain), [1, 31, 61])
    }
    assert.deepEqual(long(false), long(true))
  })

  it('stays plain where code must not be made of strings', () => {
    const script = `
      import { Fusion } from './src/runtime/fused-chain.ts'
      const plain = { collect() {}, watermark() {}, endInput() {} }
      const fusion = new Fusion(0, false)
      const inline = { kind: 'map', fn: (value) => value, check() {} }
      fusion.describe(plain, { label: 'map', inline, next: { ...plain } })
      console.log(fusion.fused(plain) === plain)`
    const output = (...flags: readonly string[]): string =>
      execFileSync(
        process.execPath,
        [...flags, '--conditions=millrace-source', '--input-type=module', '--eval', script],
        { encoding: 'utf8', cwd: `${import.meta.dirname}/../..` },
      ).trim()
    assert.equal(output(), 'false')
    assert.equal(output('--disallow-code-generation-from-strings'), 'true')
  })
})

describe('the text of a fused chain', () => {
  it('holds nothing that a user wrote', () => {
    const label = "map`\n'); throw evil; //"
    const output = new Recorder()
    const kinds = ['map', 'filter', 'flat-map'] as const
    const step = kinds.reduce<Step>(
      (next, kind) => ({
        kind: 'inline',
        label,
        inline: { kind, fn: (value) => value, check: () => undefined },
        next,
      }),
      {
        kind: 'all',
        steps: [
          { kind: 'output', output },
          { kind: 'output', output },
        ],
      },
    )
    const { body, labels, parameters } = fusedText(step)
    assert.deepEqual(labels, [label, label, label])
    assert.doesNotMatch(body, /evil|`/)
    for (const name of parameters.keys()) assert.match(name, /^[a-zA-Z]+\d+$/)
  })
})
