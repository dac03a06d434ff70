import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mapState, t } from 'millrace'
import { describePlan } from '../../src/graph/describe-plan.ts'
import { type Build, graphOf, planFor } from './graphs.ts'

const build: Build = (_env, lines) => {
  lines
    .flatMap((line) => line.split(' '))
    .returns(t.string)
    .keyBy((word) => word, t.string)
    .process('detect', {
      output: t.int32,
      state: { seen: mapState(t.string, t.list(t.int32)) },
      processElement: (_word, _ctx, out) => out.collect(1),
      onTimer: () => undefined,
    })
    .print('out')
}

describe('the plan', () => {
  it('is JSON and equal each time it is made', () => {
    const plan = planFor(2, build)
    assert.deepEqual(JSON.parse(JSON.stringify(plan)), plan)
    assert.deepEqual(planFor(2, build), plan)
  })

  it('says of each node what it keeps, by which key, and what it promises', () => {
    const [source, flatMap, detect, sink] = planFor(2, build).nodes
    assert.deepEqual([source?.bounded, source?.replayable], [true, true])
    assert.match(flatMap?.label ?? '', /^flatMap \(plan\.test\.ts:\d+\)$/)
    assert.deepEqual(detect?.keyType, { kind: 'string' })
    assert.deepEqual(detect?.states, [
      {
        name: 'seen',
        kind: 'map',
        type: { kind: 'list', element: { kind: 'int32' } },
        keyType: { kind: 'string' },
      },
    ])
    assert.deepEqual([detect?.usesTimers, detect?.inputs], [true, [1]])
    assert.equal(sink?.guarantee, 'at-least-once')
  })

  it('numbers nodes in the order in which they were chained', () => {
    const ids = graphOf(2, build).vertices.flatMap((vertex) => vertex.nodes.map((node) => node.id))
    assert.deepEqual(ids, [0, 1, 2, 3])
  })

  it('reads as text', () => {
    const plan = planFor(2, build)
    const nodes = plan.nodes.map((node) => ({ ...node, label: node.label.replace(/\(.*/, '(…)') }))
    const text = describePlan({ ...plan, nodes })
    assert.deepEqual(text.split('\n'), [
      'tested: 2 tasks × parallelism 2, 128 key groups',
      '',
      '0  lines → flatMap',
      '     source    lines         collection, bounded, replayable',
      '     flatMap   flatMap (…)',
      '1  detect → out   ⇐ 0 by key',
      '     process   detect   key string, timers; seen: map string → list<int32>',
      '     sink      out      print, at-least-once',
    ])
  })
})
