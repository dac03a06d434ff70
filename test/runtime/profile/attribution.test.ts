// From the samples of a profile to operators: by the marks above a frame, and by its file.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attribute } from '../../../src/runtime/profile/attribution.ts'
import type { CpuProfile } from '../../../src/runtime/profile/cpu-profile.ts'

const engineUrl = 'file:///m/src/'
const job = { engineUrl, source: 0, sink: 9 }

interface Tree {
  readonly [frame: string]: Tree
}

/**
 * A profile with one sample for each leaf, `·n` for n of them. Frames are `name url`; those of the
 * engine begin with a slash.
 */
function profileOf(tree: Tree): { readonly profile: CpuProfile; readonly samples: number } {
  const nodes: CpuProfile['nodes'][number][] = []
  const samples: number[] = []
  const add = (frame: string, below: Tree): number => {
    const id = nodes.length + 1
    const [rest = '', times = '1'] = frame.split('·')
    const [functionName = '', path = ''] = rest.startsWith('(') ? [rest] : rest.split(' ')
    const url = path.startsWith('/') ? engineUrl + path.slice(1) : path
    const children: number[] = []
    nodes.push({ id, callFrame: { functionName, url }, children })
    for (const [child, deeper] of Object.entries(below)) children.push(add(child, deeper))
    if (children.length === 0) samples.push(...Array<number>(Number(times)).fill(id))
    return id
  }
  add('(root)', tree)
  const timeDeltas = samples.map(() => 1_000)
  return { profile: { nodes, samples, timeDeltas }, samples: samples.length }
}

/** Milliseconds by operator and work, as `node work` → ms; 1 ms a sample. */
function timesOf(tree: Tree, beginMs = 0): Readonly<Record<string, number>> {
  const { profile, samples } = profileOf(tree)
  const watched = { profile, beginMs, wallMs: samples, cpuMs: samples }
  const found: Record<string, number> = {}
  for (const { node, times } of attribute(watched, [], job)) {
    for (const [work, ms] of Object.entries(times)) if (ms > 0) found[`${node} ${work}`] = ms
  }
  return found
}

test('a frame belongs to the operator whose mark is nearest above it', () => {
  const found = timesOf({
    'step /runtime/task.ts': {
      'words millrace-mark:1/record': {
        'collect /runtime/stages.ts': {
          'split file:///job.ts·3': {},
          'counts millrace-mark:2/record': {
            'collect /runtime/stages.ts': { 'f file:///job.ts': {} },
          },
        },
      },
      'pump /runtime/exchange/lane.ts': {},
    },
  })
  assert.deepEqual(found, { '1 function': 3, '2 function': 1, 'undefined exchange': 1 })
})

test('what a function calls is the function, also of Node and of the optimiser', () => {
  const found = timesOf({
    'f millrace-mark:1/record': {
      'user file:///node_modules/dep/index.js': { 'parse ': {}, 'hash node:crypto': {}, 'g ': {} },
    },
  })
  assert.deepEqual(found, { '1 function': 3 })
})

test('state is told apart by what was called, not by where its time went', () => {
  const found = timesOf({
    'f millrace-mark:1/record': {
      'rows.select millrace-mark:1/rows': { 'select /state/table/row-store.ts': {} },
      'user file:///job.ts': {
        'n.value millrace-mark:1/read': { 'value /state/table/x.ts': { 'read /types/t.ts': {} } },
        'n.update millrace-mark:1/update': { 'write /types/t.ts·2': {} },
        'm.get millrace-mark:1/collections': {},
        // An iterator that a marked call gave is asked by the function itself.
        'next /state/table/map-handles.ts': {},
      },
      'timers.advance millrace-mark:1/fire': {
        'advance /state/table/timer-entries.ts': {
          'onTimer /runtime/stages.ts': { 'onTimer file:///job.ts·4': {} },
          'pop /time/timer-heap.ts': {},
        },
      },
    },
  })
  assert.deepEqual(found, {
    '1 function': 4,
    '1 rows': 1,
    '1 read': 1,
    '1 update': 2,
    '1 collections': 2,
    '1 fire': 1,
  })
})

test('a function that an aggregating state calls is a function again', () => {
  const found = timesOf({
    'f millrace-mark:1/record': {
      'a.add millrace-mark:1/update': {
        'add /state/table/scalar-handles.ts': { 'merge file:///job.ts': {}, 'own /util/x.ts': {} },
      },
    },
  })
  assert.deepEqual(found, { '1 function': 1, '1 update': 1 })
})

test('snapshots, sources and sinks are known by their files where no operator is above', () => {
  const found = timesOf({
    'write /runtime/task-snapshots.ts': {
      'encode /state/table/backend-cut.ts': { 'put /types/t.ts': {} },
    },
    'merge /state/runs/merge.ts': {},
    'cut /runtime/task.ts': { 'cut /state/table/table-backend.ts': {} },
    'read /connectors/file/lines.ts·2': {},
    'pump /runtime/sink-pump.ts': { 'write /connectors/file/part-writer.ts': {} },
    'load file:///other.ts': {},
  })
  assert.deepEqual(found, {
    '0 connector': 2,
    '9 connector': 1,
    'undefined checkpoint': 3,
    'undefined function': 1,
  })
})

test('garbage is on the account of what ran before it; the machine waits on nobody’s', () => {
  const found = timesOf({
    'f millrace-mark:1/record': { 'user file:///job.ts': {} },
    '(garbage collector)·2': {},
    '(program)': {},
  })
  assert.deepEqual(found, { '1 function': 1, '1 gc': 2, 'undefined native': 1 })
})

test('what comes before the first record is the start', () => {
  const found = timesOf({ 'load /runtime/load-module.ts·5': {}, 'f millrace-mark:1/record': {} }, 6)
  assert.deepEqual(found, { 'undefined start': 5, '1 engine': 1 })
})

test('samples share the time that the thread ran; the rest of the time it was idle', () => {
  const { profile } = profileOf({
    'f millrace-mark:1/record·3': {},
    'g /util/x.ts': {},
    '(idle)·6': {},
  })
  const watched = { profile, beginMs: 0, wallMs: 100, cpuMs: 40 }
  const [first, none] = attribute(watched, [], job)
  assert.deepEqual([first?.times.engine, none?.times.engine, none?.times.idle], [30, 10, 60])
})

test('calls are counted by operator and kind', () => {
  const { profile } = profileOf({})
  const watched = { profile, beginMs: 0, wallMs: 1, cpuMs: 1 }
  const counts = attribute(
    watched,
    [
      { node: 1, kind: 'record', calls: 7 },
      { node: 1, kind: 'record', calls: 1 },
      { node: 1, kind: 'engine', calls: 50 },
      { node: 2, kind: 'read', calls: 3 },
      { node: 2, kind: 'fire', calls: 9 },
      { node: 2, kind: 'timers', calls: 4 },
    ],
    job,
  ).map(({ node, counts: { records, reads, timers } }) => [node, records, reads, timers])
  assert.deepEqual(counts, [
    [1, 8, 0, 0],
    [2, 0, 3, 4],
    [undefined, 0, 0, 0],
  ])
})
