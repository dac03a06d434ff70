import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  canonicalJson,
  decodeLink,
  encodeLink,
  hashOf,
} from '../../src/checkpoint/manifest-codec.ts'
import type { CheckpointLink } from '../../src/checkpoint/manifest.ts'
import { isMillraceError } from '../../src/errors.ts'
import { SMALL_PLAN, checkpoint, fenceLink, node, plan, run, taskStatistics } from './links.ts'

const GOLDEN = new URL('../fixtures/manifests/v1.manifest', import.meta.url)

const goldenPlan = plan(2, [
  [
    node(0, 'lines', {
      kind: 'source',
      operation: 'file',
      states: [],
      bounded: true,
      replayable: true,
      discoverEveryMs: 1000,
    }),
  ],
  [
    node(1, 'count', {
      states: [
        { name: 'n', kind: 'value', type: { kind: 'int64' } },
        {
          name: 'orders',
          kind: 'map',
          keyType: { kind: 'string' },
          type: {
            kind: 'struct',
            fields: [
              { name: 'id', type: { kind: 'literal', value: null } },
              { name: 'state', type: { kind: 'enum', values: ['open', 'paid'] } },
              { name: 'at', type: { kind: 'optional', of: { kind: 'timestamp' } } },
              { name: 'of', type: { kind: 'nullable', of: { kind: 'date' } } },
              { name: 'pair', type: { kind: 'tuple', elements: [{ kind: 'json' }] } },
              { name: 'list', type: { kind: 'list', element: { kind: 'bytes' } } },
              {
                name: 'one',
                type: { kind: 'union', options: [{ kind: 'boolean' }, { kind: 'dynamic' }] },
              },
              {
                name: 'map',
                type: { kind: 'map', key: { kind: 'int32' }, value: { kind: 'float64' } },
              },
            ],
          },
        },
      ],
      usesTimers: true,
      inputs: [0],
    }),
  ],
  [
    node(2, 'out', {
      kind: 'sink',
      operation: 'text-file',
      states: [],
      inputs: [1],
      guarantee: 'exactly-once',
      canWithdraw: true,
    }),
  ],
])

function goldenLink(): CheckpointLink {
  const base = checkpoint(3, { plan: goldenPlan, parallelism: 2, leaderEpoch: 2, checkpointId: 17 })
  const edge = { id: 0, fromVertex: 0, toVertex: 1, partitioning: 'hash' } as const
  const split = {
    id: 'book.txt:0',
    properties: { file: 'book.txt', offset: 0, last: false },
    position: 'AAECAw==',
    watermark: -5.25,
  }
  const records = run('runs/2-17-v2-s0.run')
  const tasks = base.tasks.map((task) => {
    if (task.vertex === 0 && task.subtaskIndex === 0) {
      return { ...task, source: { uid: 'lines', pending: [split], finished: ['book.txt:1'] } }
    }
    if (task.vertex === 1 && task.subtaskIndex === 1) {
      const [first] = task.runs
      assert.ok(first !== undefined)
      return {
        ...task,
        runs: [{ ...first, operators: [2] }, run('runs/1-9-v1-s1-m1.run', 64, 127)],
      }
    }
    return task.vertex === 2 && task.subtaskIndex === 0 ? { ...task, records } : task
  })
  return {
    ...base,
    purpose: 'manual',
    params: { input: 'Bücher/*.txt', depth: [1, { nested: null }], ratio: 0.1 },
    plan: { ...goldenPlan, edges: [edge] },
    operators: [
      ...base.operators.slice(0, 1),
      ...base.operators.slice(1, 2).map((record) => ({ ...record, highestStateId: 7 })),
      ...base.operators.slice(2),
      { id: 9, uid: 'gone', states: [], dropped: true },
    ],
    tasks,
    sources: [{ uid: 'lines', pending: [{ id: 'new.txt:0' }], finished: ['old.txt:0'] }],
    statistics: { ...base.statistics, tasks: [taskStatistics(1, 0), taskStatistics(1, 1)] },
  }
}

test('the golden manifest of version 1 is written and read as ever', () => {
  const bytes = encodeLink(goldenLink())
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(GOLDEN, bytes)
  const golden = readFileSync(GOLDEN)
  assert.equal(Buffer.from(bytes).toString('utf8'), golden.toString('utf8'))
  assert.deepEqual(decodeLink(golden), goldenLink())
})

/** Equal, but with its names in another order. */
function reversed<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).toReversed()) as T
}

test('a link comes back as it was, and equal links have equal bytes', () => {
  for (const link of [fenceLink(1, 0, 1), fenceLink(7, 5, 3), checkpoint(2), goldenLink()]) {
    const bytes = encodeLink(link)
    assert.deepEqual(decodeLink(bytes), link)
    const shuffled = reversed(link)
    assert.equal(hashOf(encodeLink(shuffled)), hashOf(bytes))
  }
})

test('canonical JSON sorts names, drops what is absent and refuses what JSON cannot say', () => {
  assert.equal(
    canonicalJson({ b: 1, a: [true, null, 'x"'], c: undefined }),
    '{"a":[true,null,"x\\""],"b":1}',
  )
  for (const value of [Number.NaN, Infinity, new Date(0), () => 0, 1n, Symbol('x')]) {
    assert.throws(() => canonicalJson({ value }), { name: 'AssertionError' })
  }
})

test('no flipped bit, cut or addition goes unnoticed', () => {
  const bytes = encodeLink(checkpoint(2))
  const isCorrupt = (error: unknown) => isMillraceError(error) && error.code === 'STORAGE_CORRUPT'
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(7), (at, bit) => {
      const damaged = Uint8Array.from(bytes)
      damaged[at] = (damaged[at] ?? 0) ^ (1 << bit)
      assert.throws(() => decodeLink(damaged), isCorrupt)
    }),
  )
  for (let length = 0; length < bytes.length; length += 7) {
    assert.throws(() => decodeLink(bytes.subarray(0, length)), isCorrupt)
  }
  const otherVersion = Buffer.from(
    Buffer.from(bytes).toString().replace('manifest 1', 'manifest 3'),
  )
  assert.throws(() => decodeLink(otherVersion), isCorrupt)
  assert.throws(() => decodeLink(Buffer.concat([bytes, Buffer.from('\n')])), isCorrupt)
})

/** Bytes with a right checksum over any first line. */
function forged(line: string, version = 1): Uint8Array {
  const trailer = `\nmillrace-manifest ${version} sha256:${hashOf(Buffer.from(line))}\n`
  return Buffer.from(line + trailer)
}

test('a manifest of a newer format version is refused as such, not as damage', () => {
  assert.throws(
    () => decodeLink(forged('{"anything":1,"formatVersion":2}', 2), 'chain/x'),
    (error) =>
      isMillraceError(error) &&
      error.code === 'CHECKPOINT_INCOMPATIBLE' &&
      error.message.includes('format version 2') &&
      error.cure.includes('--fresh'),
  )
})

test('every field is checked, and the message names the one that is wrong', () => {
  const valid = checkpoint(2, { sources: [{ uid: 's', pending: [{ id: 'x' }], finished: [] }] })
  const gaveUp = { ...fenceLink(7, 0, 3), givesUp: { highestCheckpointId: 4 } }
  const cases: readonly [object, RegExp][] = [
    [{ sequence: 0 }, /sequence/],
    [{ sequence: '2' }, /sequence/],
    [{ previousHash: 'xyz' }, /previousHash/],
    [{ previousHash: '' }, /previousHash must be empty/],
    [{ extra: 1 }, /extra is not a field/],
    [{ kind: 'other' }, /kind/],
    [{ purpose: 'because' }, /purpose is none of/],
    [{ params: [] }, /params/],
    [{ maxParallelism: 40_000 }, /maxParallelism/],
    [{ processingTime: null }, /processingTime/],
    [{ tasks: [{}] }, /tasks\[0\]\.vertex is missing/],
    [{ tasks: [{ ...valid.tasks[0], runs: [run('../../etc/passwd')] }] }, /name of a run/],
    [{ tasks: [{ ...valid.tasks[0], runs: [run('runs/1-1-v0-s0.run', 0, 200)] }] }, /key groups/],
    [{ tasks: [...valid.tasks, ...valid.tasks] }, /twice/],
    [{ tasks: valid.tasks.map((task) => ({ ...task, vertex: 5 })) }, /not in the plan/],
    [{ tasks: valid.tasks.map((task) => ({ ...task, subtaskIndex: 1 })) }, /0\/1, .* the plan/],
    [{ operators: [...valid.operators, ...valid.operators] }, /twice/],
    [{ sources: [{ uid: 's', pending: [{ id: 'x', position: 1 }], finished: [] }] }, /position/],
    [{ plan: { ...SMALL_PLAN, nodes: [] } }, /unknown node/],
    [
      { plan: plan(1, [[node(0, 'a', { keyType: { kind: 'set' } as never })]]) },
      /unknown type set/,
    ],
    [
      { plan: plan(1, [[node(0, 'a', { keyType: { kind: 'toString' } as never })]]) },
      /unknown type/,
    ],
    [{ statistics: { ...valid.statistics, initMs: -1 } }, /initMs is negative/],
    [{ givesUp: { highestCheckpointId: 1 } }, /givesUp is not a field/],
    [{ ...gaveUp, givesUp: {} }, /highestCheckpointId is missing/],
    [{ ...gaveUp, givesUp: { highestCheckpointId: -1 } }, /highestCheckpointId/],
    [{ ...gaveUp, restores: 5 }, /givesUp goes with nothing/],
  ]
  for (const [change, message] of cases) {
    const line = JSON.stringify('restores' in change ? change : { ...valid, ...change })
    assert.throws(() => decodeLink(forged(line)), message, line.slice(0, 200))
  }
  for (const sound of [valid, gaveUp]) {
    assert.doesNotThrow(() => decodeLink(forged(JSON.stringify(sound))))
  }
})

test('deep nesting is refused without running out of stack', () => {
  const deep = (open: string, close: string) => open.repeat(50_000) + close.repeat(50_000)
  const valid = JSON.stringify(checkpoint(2))
  const params = valid.replace('"params":{}', `"params":{"x":${deep('[', ']')}}`)
  assert.throws(() => decodeLink(forged(params)), /nested deeper|JSON/)
  const type = `${'{"kind":"list","element":'.repeat(5000)}{"kind":"json"}${'}'.repeat(5000)}`
  const schema = valid.replace('"keyType":{"kind":"string"}', `"keyType":${type}`)
  assert.throws(() => decodeLink(forged(schema)), /nested deeper|JSON/)
})

test('a link that could not be read back is never written', () => {
  assert.throws(() => encodeLink(checkpoint(2, { checkpointId: 0 })), { name: 'AssertionError' })
  assert.throws(() => encodeLink(checkpoint(2, { processingTime: -Infinity })), /cannot hold/)
})

test('whatever is wrong under a right checksum is damage of the file that is named', () => {
  const lines = ['{"not json', '[]', '{"formatVersion":1}', '{"formatVersion":2}']
  for (const line of lines) {
    assert.throws(() => decodeLink(forged(line), 'chain/x'), {
      code: 'STORAGE_CORRUPT',
      message: /^chain\/x /,
      details: { name: 'chain/x' },
    })
  }
})

test('a file without a last line is told from one whose last line is damaged', () => {
  const bytes = encodeLink(checkpoint(2))
  const messageOf = (tail: string) => {
    try {
      decodeLink(Buffer.concat([bytes.subarray(0, bytes.indexOf(10) + 1), Buffer.from(tail)]))
    } catch (error) {
      return error instanceof Error ? error.message : ''
    }
    return 'read'
  }
  assert.match(messageOf('x'.repeat(128)), /damaged last line/)
  assert.match(messageOf('x'.repeat(129)), /has no line with its checksum/)
})

test('what is nested too deeply is no manifest, at exactly one level', () => {
  const nested = (levels: number): unknown =>
    Array.from({ length: levels }).reduce((inner) => [inner], 'x')
  assert.equal(canonicalJson(nested(100)), `${'['.repeat(100)}"x"${']'.repeat(100)}`)
  assert.throws(() => canonicalJson(nested(101)), /nested deeper than 100/)
  const deepest = Array.from({ length: 100 }).reduce((inner: unknown) => ({ a: inner }), 1)
  assert.ok(canonicalJson(deepest).startsWith('{"a":{"a":'))
  assert.throws(() => canonicalJson({ a: deepest }), /nested deeper/)
})
