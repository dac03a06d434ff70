import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { outputTag, t } from 'millrace'
import { type Build, graphOf, shapeOf } from './graphs.ts'

const words: Build = (_env, lines) => {
  const counts = lines
    .flatMap((line) => line.split(' '))
    .keyBy((word) => word)
    .count('counts')
  counts.latest('last').print('out')
}

describe('chaining', () => {
  it('puts all of a linear job into one vertex at parallelism 1', () => {
    assert.deepEqual(shapeOf(1, words), ['lines → flatMap → counts → last → out'])
  })

  it('cuts at keyBy at parallelism 2; what follows on the same key stays', () => {
    assert.deepEqual(shapeOf(2, words), ['lines → flatMap', 'counts → last → out < 0 hash'])
  })

  it('keeps several consumers of an output in its vertex, as a tree', () => {
    const build: Build = (_env, lines) => {
      lines.map((line) => line).print('one')
      lines.print('two')
    }
    assert.deepEqual(shapeOf(3, build), ['lines → map → one → two'])
  })

  it('keeps side outputs in the vertex', () => {
    const tag = outputTag('long', t.string)
    const build: Build = (_env, lines) => {
      const process = lines.process('split', { processElement: () => undefined })
      process.sideOutput(tag).print('long')
      process.print('short')
    }
    assert.deepEqual(shapeOf(2, build), ['lines → split → long → short'])
  })

  it('gives each keyed consumer an exchange of its own', () => {
    const build: Build = (_env, lines) => {
      const keyed = lines.keyBy((line) => line)
      keyed.count('a').print('outA')
      keyed.count('b').print('outB')
    }
    assert.deepEqual(shapeOf(2, build), ['lines', 'a → outA < 0 hash', 'b → outB < 0 hash'])
    assert.deepEqual(shapeOf(1, build), ['lines → a → outA → b → outB'])
  })

  it('joins streams at the head of a vertex, subtask to subtask', () => {
    const build: Build = (env, lines) => {
      const others = env.fromElements('others', ['c'])
      lines
        .union(others)
        .map((line) => line)
        .print('out')
    }
    const expected = ['lines', 'others', 'map → out < 0 forward, 1 forward']
    assert.deepEqual(shapeOf(2, build), expected)
    assert.deepEqual(shapeOf(1, build), expected)
  })

  it('joins branches of one vertex, and a stream with itself, behind an exchange', () => {
    const diamond: Build = (_env, lines) => {
      lines
        .map((line) => line)
        .union(lines.filter(() => true))
        .print('out')
    }
    assert.deepEqual(shapeOf(1, diamond), ['lines → map → filter', 'out < 0 forward, 0 forward'])
    const self: Build = (_env, lines) => lines.union(lines).print('out')
    assert.deepEqual(shapeOf(2, self), ['lines', 'out < 0 forward, 0 forward'])
  })

  it('mixes what is joined and what is keyed', () => {
    const build: Build = (env, lines) => {
      const others = env.fromElements('others', ['c']).map((line) => line)
      lines
        .union(others)
        .keyBy((line) => line)
        .count('counts')
        .print('out')
    }
    const expected = ['lines', 'others → map', 'counts → out < 0 hash, 1 hash']
    assert.deepEqual(shapeOf(4, build), expected)
  })

  it('orders vertices so that each reads only from earlier ones', () => {
    const graph = graphOf(2, (env, lines) => {
      const counts = lines.keyBy((line) => line).count('counts')
      const others = env.fromElements('others', ['c']).map((key) => ({ key, value: 1 }))
      counts
        .union(others)
        .keyBy((update) => update.value)
        .count('by value')
        .print('out')
    })
    for (const { fromVertex, toVertex } of graph.edges) assert.ok(fromVertex < toVertex)
    assert.deepEqual(
      graph.edges.map((edge) => edge.id),
      graph.edges.map((_, index) => index),
    )
    assert.deepEqual(
      graph.vertices.flatMap((vertex) => vertex.inputs),
      graph.edges,
    )
  })
})
