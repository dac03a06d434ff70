import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mapState, operatorListState, t } from 'millrace'
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

  it('shows what feeds the second input, and what goes to all', () => {
    const two: Build = (_env, lines) => {
      const rules = lines.map((line) => line).broadcast({ rules: mapState(t.string, t.int32) })
      const keyed = lines.keyBy((line) => line, t.string)
      keyed
        .connect(rules)
        .process('apply', {
          operatorState: { own: operatorListState(t.int32) },
          processElement: () => undefined,
          processBroadcastElement: () => undefined,
        })
        .print('out')
    }
    const plan = planFor(2, two)
    const lines = describePlan(plan).split('\n')
    assert.ok(lines.includes('1  apply → out   ⇐ 0 by key & 0 to all'), lines.join('\n'))
    const apply = lines.find((line) => line.includes('broadcastProcess')) ?? ''
    assert.match(
      apply,
      /apply +key string; own: operator-list int32; rules: broadcast string → int32$/,
    )
    assert.deepEqual(plan.nodes.find(({ uid }) => uid === 'apply')?.operatorStates, [
      { name: 'own', kind: 'operator-list', type: { kind: 'int32' } },
      { name: 'rules', kind: 'broadcast', type: { kind: 'int32' }, keyType: { kind: 'string' } },
    ])
    const alone = describePlan(planFor(1, two)).split('\n')
    assert.ok(alone.includes('1  apply → out   ⇐ 0 & 0'), alone.join('\n'))
  })
})
