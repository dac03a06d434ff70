// Which sources hand over lines as bytes: those of which only readers of bytes see the records.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type DataStream, fields, job, type StreamEnvironment, t } from 'millrace'
import { jsonField, splitBy, words } from 'millrace'
import { fileSource, jsonLines, print } from 'millrace/connectors'
import { buildJobGraph } from '../../src/graph/build.ts'
import { asJob } from '../../src/graph/job.ts'
import type { SourceNode } from '../../src/graph/job-graph.ts'
import { textReadOf } from '../../src/operators/text/line.ts'
import { sourceOf } from '../../src/runtime/text-source.ts'
import { required } from '../../src/util/assert.ts'

const FILE = fileSource({ path: 'lines.txt' })

type Build = (env: StreamEnvironment, lines: DataStream<string>) => void

function isReadAsBytes(build: Build, parallelism = 1): boolean {
  const made = job('reading', (env) => build(env, env.fromSource('lines', FILE)))
  return isRead(buildJobGraph(asJob(made), { parallelism, maxParallelism: 128, params: {} }))
}

function isRead(graph: ReturnType<typeof buildJobGraph>): boolean {
  const vertex = required(
    graph.vertices.find(({ nodes }) => nodes.some(({ id }) => id === 0)),
    'a vertex with the source',
  )
  const node = vertex.nodes[0] as SourceNode // the first node that jobs here make
  const source = sourceOf(node, graph, vertex)
  if (source === node.source) return false
  const read: object = { ...source }['read']
  assert.equal(read, textReadOf(node.source))
  return true
}

const count = (stream: DataStream<string>) => stream.keyBy((word) => word).count('count')

describe('lines come as bytes', () => {
  it('where a built-in function reads them, at any parallelism', () => {
    for (const parallelism of [1, 2]) {
      assert.ok(isReadAsBytes((_, each) => count(each.flatMap(words())).print(), parallelism))
    }
    assert.ok(isReadAsBytes((_, each) => each.flatMap(splitBy(',')).print()))
    assert.ok(isReadAsBytes((_, each) => each.map(jsonField('id')).print()))
    assert.ok(isReadAsBytes((_, each) => each.map(fields(',', t.struct({ id: t.int32 }))).print()))
  })

  it('where several of them read the same lines', () => {
    assert.ok(
      isReadAsBytes((_, each) => {
        each.flatMap(words()).print('words')
        each.map(jsonField('id')).print('ids')
      }),
    )
  })

  const others: readonly (readonly [what: string, build: Build])[] = [
    ['the job’s own function is next', (_, each) => each.map((line) => line).print()],
    [
      'one stands in between',
      (_, each) =>
        each
          .filter((line) => line !== '')
          .flatMap(words())
          .print(),
    ],
    ['a built-in function cannot use them', (_, each) => each.flatMap(splitBy('\ufffd')).print()],
    ['it is used in another way', (_, each) => each.map(words()).print()],
    ['it has an error policy', (_, each) => each.map(jsonField('id')).onError('skip').print()],
    [
      'somebody else reads them, too',
      (_, each) => {
        each.flatMap(words()).print('words')
        each.print('all')
      },
    ],
    [
      'another task reads them, too',
      (_, each) => {
        each.flatMap(words()).print('words')
        each
          .keyBy((line) => line)
          .count('all')
          .print('counts')
      },
    ],
  ]
  for (const [what, build] of others) {
    it(`but not where ${what}`, () => assert.equal(isReadAsBytes(build), false))
  }

  it('but not where they have event time, nor from sources that give something else', () => {
    const graphOf = (build: (env: StreamEnvironment) => void) =>
      buildJobGraph(asJob(job('reading', build)), {
        parallelism: 1,
        maxParallelism: 128,
        params: {},
      })
    const timed = graphOf((env) => {
      const lines = env.fromSource('lines', FILE, { timestamp: (line) => line.length })
      lines.flatMap(words()).sinkTo('out', print())
    })
    assert.equal(isRead(timed), false)
    const format = jsonLines<string>()
    const parsed = graphOf((env) => {
      env
        .fromSource('lines', fileSource({ path: 'x', format }))
        .flatMap(words())
        .print()
    })
    assert.equal(isRead(parsed), false)
  })
})
