import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { job, outputTag, type StreamEnvironment, t, valueState } from 'millrace'
import { collection } from '../../src/connectors/collection.ts'
import { buildJobGraph } from '../../src/graph/build.ts'
import { asJob } from '../../src/graph/job.ts'
import type { MalformedRecord } from '../../src/operators/source.ts'
import { type Build, graphOf } from './graphs.ts'

const tag = outputTag('late', t.string)

/** Each wrong job: what must be said, and the code if it is not the usual one. */
const wrong: readonly (readonly [what: string, build: Build, said: RegExp, cure: RegExp])[] = [
  [
    'a stream that reaches no sink, by the line that made it',
    (_env, lines) => void lines.map((line) => line),
    /the stream of map \(.*validate\.test\.ts:\d+:\d+\) reaches no sink/,
    /sinkTo.*print/,
  ],
  [
    'a source that nobody reads, by its uid',
    (env, lines) => {
      env.fromElements('unread', [1])
      lines.print()
    },
    /the stream of source "unread" \(.*\) reaches no sink/,
    /remove it/,
  ],
  ['an empty uid', (_env, lines) => lines.print(''), /sink "" \(.*\): "" is no uid/, /printable/],
  [
    'a uid with control characters',
    (_env, lines) => lines.print('a\nb'),
    /"a\\nb" is no uid/,
    /printable/,
  ],
  [
    'a side output of an operator that has none',
    (_env, lines) =>
      lines
        .map((line) => line)
        .sideOutput(tag)
        .print('late'),
    /sink "late" \(.*\) reads the side output "late" of map \(.*\), which emits no such output/,
    /process function/,
  ],
  [
    'a side output of a source that was given no tag',
    (_env, lines) => {
      lines.print('out')
      lines.sideOutput(tag).print('late')
    },
    /side output "late" of source "lines" \(.*\), which emits no such output/,
    /source/,
  ],
  [
    'a side output that a function does not list',
    (_env, lines) => {
      const fn = { sideOutputs: [], processElement: () => undefined }
      lines.process('split', fn).sideOutput(tag).print('late')
    },
    /side output "late" of process "split"/,
    /declare/,
  ],
  [
    'a side output read as two types',
    (_env, lines) => {
      const split = lines.process('split', { processElement: () => undefined })
      split.sideOutput(tag).print('a')
      split.sideOutput(outputTag('late', t.int32)).print('b')
    },
    /"late" of process "split" .* two different types/,
    /one outputTag/,
  ],
  [
    'a side output of a union',
    (_env, lines) => lines.union(lines).sideOutput(tag).print('late'),
    /sideOutput .* reads a side output of a union/,
    /before the union/,
  ],
]

describe('a graph', () => {
  for (const [what, build, said, cure] of wrong) {
    it(`cannot have ${what}`, () => {
      assert.throws(() => graphOf(2, build), { code: 'JOB_GRAPH_INVALID', message: said, cure })
    })
  }

  it('cannot have two operators of one uid, and the message names both places', () => {
    const build: Build = (_env, lines) => {
      lines
        .keyBy((line) => line)
        .count('same')
        .print('out')
      lines.print('same')
    }
    assert.throws(() => graphOf(1, build), {
      code: 'JOB_DUPLICATE_UID',
      message: /uid "same": count "same" \(.*:\d+:\d+\) and sink "same" \(.*:\d+:\d+\)/,
      details: { uid: 'same' },
    })
  })

  it('must have a source', () => {
    const empty = asJob(job('empty', () => undefined))
    const build = () => buildJobGraph(empty, { parallelism: 1, maxParallelism: 1, params: {} })
    assert.throws(build, { code: 'JOB_GRAPH_INVALID', message: 'job "empty" has no source' })
  })

  it('runs at a parallelism from 1 to the maximum', () => {
    const build: Build = (_env, lines) => lines.print()
    assert.throws(() => graphOf(129, build), { code: 'CONFIG_INVALID', message: /1 to 128/ })
    assert.throws(() => graphOf(1.5, build), { code: 'CONFIG_INVALID' })
  })

  it('may leave the main output of a process function unread if a side output is read', () => {
    const graph = graphOf(1, (_env, lines) => {
      lines
        .process('split', { processElement: () => undefined })
        .sideOutput(tag)
        .print('late')
    })
    assert.equal(graph.vertices.length, 1)
  })
})

describe('a source', () => {
  it('may have the side output of its malformed records read', () => {
    const malformedTag = outputTag<MalformedRecord>('malformed')
    const values = collection(['a'])
    const graph = graphOf(1, (env, lines) => {
      const parsed = env.fromSource('parsed', { ...values, malformedTag })
      parsed.sideOutput(malformedTag).print('malformed')
      parsed.print('out')
      lines.print()
    })
    assert.equal(graph.vertices[1]?.name, 'parsed → malformed → out')
  })
})

describe('strictTypes', () => {
  const lineOf = (env: StreamEnvironment) => env.fromElements('lines', ['a'], t.string)
  const strict = (build: (env: StreamEnvironment) => void) => {
    const strictJob = asJob(job('strict', { strictTypes: true }, build))
    buildJobGraph(strictJob, { parallelism: 2, maxParallelism: 128, params: {} })
  }
  const undeclared: readonly (readonly [string, (env: StreamEnvironment) => void, RegExp])[] = [
    [
      'records of a source',
      (env) => env.fromElements('lines', ['a']).print(),
      /the records of source "lines"/,
    ],
    [
      'records before a keyBy',
      (env) => {
        const records = lineOf(env).map((line) => ({ line }))
        records
          .keyBy((record) => record.line, t.string)
          .count('counts')
          .print()
      },
      /the records that count "counts" .* reads have no declared type/,
    ],
    [
      'keys',
      (env) =>
        lineOf(env)
          .keyBy((line) => line)
          .count('counts')
          .print(),
      /the key of count "counts"/,
    ],
    [
      'state, also inside of a struct',
      (env) => {
        const state = { held: valueState(t.struct({ inner: t.dynamic<number>() })) }
        const keyed = lineOf(env).keyBy((line) => line, t.string)
        keyed.process('keep', { state, processElement: () => undefined }).print()
      },
      /state "held" of process "keep"/,
    ],
  ]
  for (const [what, build, said] of undeclared) {
    it(`forbids undeclared ${what}`, () => {
      assert.throws(() => strict(build), { code: 'JOB_GRAPH_INVALID', message: said })
    })
  }

  it('accepts a job that declares them', () => {
    strict((env) => {
      const records = lineOf(env).map((line) => ({ line }))
      const declared = records.returns(t.struct({ line: t.string }))
      declared
        .keyBy((record) => record.line, t.string)
        .count('counts')
        .print()
    })
  })
})
