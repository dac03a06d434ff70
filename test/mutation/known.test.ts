// What came to be known of survivors after a run is shown beside its score, and does not change it.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { withKnown } from '../../mutation/known.ts'
import { type Reason, reasonFor } from '../../mutation/reasons.ts'
import { type StrykerReport, scoreOf, summarize, withoutEquivalent } from '../../mutation/report.ts'
import type { RecordedEvidence } from '../../scripts/lib/evidence.ts'

const FILE = 'src/checkpoint/link-signature.ts'
const BARE = '`bare === undefined`'

function record(rows: readonly (readonly string[])[]): RecordedEvidence {
  return {
    title: 'Mutation score',
    claim: 'A claim.',
    command: 'npm run mutate',
    isWell: true,
    figures: [['found of all', '88.0 %']],
    tables: [
      { title: 'By folder', columns: ['folder'], rows: [['src/checkpoint']] },
      { title: 'Survivors', columns: ['where', 'was', 'became', 'known of it'], rows },
    ],
    elapsedSeconds: 1,
    commit: '0123456789',
    isChanged: false,
    day: '2026-01-02',
    machine: 'one machine',
  }
}

const reason: Reason = {
  file: FILE,
  mutator: 'ConditionalExpression',
  text: 'bare === undefined',
  kind: 'killed',
  why: 'test/x.test.ts, a name',
}

function saidOf(rows: readonly (readonly string[])[], known: readonly Reason[]): unknown[] {
  const tables = withKnown(record(rows), known).tables ?? []
  return (tables[1]?.rows ?? []).map((row) => row[3])
}

describe('what is known of survivors since', () => {
  it('is said where the run says open, and counted by kind beside the score', () => {
    const rows = [
      [`${FILE}:64`, BARE, '`true`', 'open'],
      [`${FILE}:64`, BARE, '`false`', 'open, not reached'],
      [`${FILE}:1`, '`a`', '`b`', 'equivalent: it is the same'],
      [`${FILE}:2`, '`a`', '`b`', 'left: not worth it'],
      [`${FILE}:3`, '`a`', '`b`', 'open, its time was over before its tests'],
    ]
    assert.deepEqual(saidOf(rows, [{ ...reason, replacement: 'false' }]), [
      'open',
      'killed since: test/x.test.ts, a name',
      'equivalent: it is the same',
      'left: not worth it',
      'open, its time was over before its tests',
    ])
    const { figures } = withKnown(record(rows), [{ ...reason, replacement: 'false' }])
    assert.deepEqual(figures, [
      ['found of all', '88.0 %'],
      ['survivors known by now to be equivalent', 1],
      ['survivors left, with a reason', 1],
      ['survivors killed by a test since', 1],
      ['survivors open', 2],
    ])
  })

  it('is of one file, one place and one mutator', () => {
    const rows = [[`${FILE}:64`, BARE, '`true`', 'open']]
    const line = 'if (bare === undefined) return'
    assert.deepEqual(saidOf(rows, [{ ...reason, line }]), ['killed since: test/x.test.ts, a name'])
    assert.deepEqual(saidOf(rows, [{ ...reason, line: 'another line' }]), ['open'])
    assert.deepEqual(saidOf(rows, [{ ...reason, file: 'src/checkpoint/pins.ts' }]), ['open'])
    assert.deepEqual(saidOf(rows, [{ ...reason, mutator: 'EqualityOperator' }]), ['open'])
  })

  it('of code that occurs twice means the place nearest to where the run found it', () => {
    const at = (lineNumber: number) => [`${FILE}:${lineNumber}`, '`undefined`', '`0`', 'open']
    const line = 'if (bare === undefined) return'
    const known = [{ ...reason, mutator: 'Identifier', text: 'undefined', line }]
    assert.deepEqual(saidOf([at(37), at(62), at(99)], known), [
      'open',
      'killed since: test/x.test.ts, a name',
      'killed since: test/x.test.ts, a name',
    ])
  })
})

it('what is killed by a test counts as survived in both scores of a run', () => {
  const code = 'requireHashes(store, link)'
  const found = { file: FILE, mutator: 'CallExpression', text: code, replacement: ';' }
  assert.equal(reasonFor(found, code)?.kind, 'killed')
  const place = { start: { line: 1, column: 1 }, end: { line: 1, column: code.length + 1 } }
  const mutant = { mutatorName: 'CallExpression', replacement: ';', location: place }
  const report: StrykerReport = {
    files: {
      [FILE]: {
        source: code,
        mutants: [
          { ...mutant, status: 'Survived' },
          { ...mutant, status: 'Killed' },
        ],
      },
    },
  }
  const { all, survivors } = summarize(report)
  assert.equal(survivors[0]?.reason?.kind, 'killed')
  assert.equal(scoreOf(all), 0.5)
  assert.equal(scoreOf(withoutEquivalent(all)), 0.5)
})
