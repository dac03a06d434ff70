// The witness of snapshots: it reads runs as the engine does, by a way of its own, and notices
// what a checkpoint lacks, has too much or has wrongly.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { root } from '../../scripts/lib/process.ts'
import type { RunEntry, RunFile } from '../../simulation/witness/run-file.ts'
import { footerChecksumOf, parseRun, textOf } from '../../simulation/witness/run-file.ts'
import {
  type Fact,
  type Facts,
  factsOf,
  firstDifference,
  type KnownStates,
  mergedEntries,
  type StateFacts,
  UNKNOWN,
} from '../../simulation/witness/facts.ts'
import { RunReader } from '../../src/state/runs/run-reader.ts'
import type { RunReference } from '../../src/state/snapshot.ts'
import { LocalBlobStore } from '../../src/storage/local.ts'

const folder = join(root, 'test/fixtures/runs/v1')
// The golden file has this shape.
const references = JSON.parse(
  readFileSync(join(folder, 'references.json'), 'utf8'),
) as readonly RunReference[]

describe('the witness', () => {
  for (const name of ['plain.run', 'zstd.run']) {
    it(`reads each entry of ${name} as the engine does`, async () => {
      const bytes = readFileSync(join(folder, name))
      const reference = references.find((each) => each.name === name)
      assert.ok(reference !== undefined)
      assert.equal(footerChecksumOf(bytes), reference.footerChecksum)
      const reader = await RunReader.open(new LocalBlobStore(folder), reference)
      const keys: string[] = []
      for await (const { key } of reader.scan({ start: 0, end: 0xffff })) keys.push(textOf(key))
      const parsed = parseRun(bytes)
      assert.deepEqual(
        parsed.entries.map(({ key }) => key),
        keys,
      )
      assert.equal(parsed.entries.length, reference.entries)
    })
  }

  const HEAD = '\0\x07\0\x01\0' // key group 7, operator 1, rows
  const known: KnownStates = new Map([[1, new Map([[2, { kind: 'entries', isMortal: false }]])]])
  const run = (name: string, start = 0): RunReference => {
    const keyGroups = { start, end: 127 }
    return { name, lengthBytes: 1, footerChecksum: 1, entries: 1, keyGroups }
  }
  const entry = (key: string, payload: string, tombstone?: 'point' | 'range'): RunEntry => ({
    key: HEAD + key,
    keyGroup: 7,
    operatorId: 1,
    isTombstone: tombstone !== undefined,
    isRange: tombstone === 'range',
    age: 0,
    payload,
  })
  const file = (...entries: readonly RunEntry[]): RunFile => ({
    entries,
    ranges: entries.filter(({ isRange }) => isRange).map(({ key }) => key),
  })
  const merged = (files: Readonly<Record<string, RunFile>>, runs = Object.keys(files)) => {
    const read = ({ name }: RunReference): RunFile => files[name] ?? file()
    const all = { start: 0, end: 127 }
    const entries = mergedEntries(
      runs.map((name) => run(name)),
      read,
      all,
      known,
    )
    return [...entries].map(([key, { payload }]) => `${key.slice(HEAD.length)}=${payload}`)
  }

  it('lets newer runs win, and clears delete what is older only', () => {
    const older = file(entry('a', '1'), entry('b', '1'), entry('ca', '1'), entry('cb', '1'))
    const newer = file(entry('a', '2'), entry('b', '', 'point'), entry('c', '', 'range'))
    const newest = file(entry('c', '', 'range'), entry('cb', '3'))
    assert.deepEqual(merged({ older, newer }), ['a=2'])
    assert.deepEqual(merged({ older, newest }), ['a=1', 'b=1', 'cb=3'])
    assert.deepEqual(merged({ newest, older }), ['cb=1', 'a=1', 'b=1', 'ca=1'])
  })

  it('passes over what a reference does not mean', () => {
    const read = (): RunFile => file(entry('a', '1'))
    const all = { start: 0, end: 127 }
    assert.equal(mergedEntries([run('a', 8)], read, all, known).size, 0)
    assert.equal(mergedEntries([{ ...run('a'), operators: [2] }], read, all, known).size, 0)
    assert.equal(mergedEntries([run('a')], read, { start: 8, end: 9 }, known).size, 0)
    assert.equal(mergedEntries([run('a')], read, all, known).size, 1)
  })

  it('takes scalars, entries and timers for facts, and marks of time to live not', () => {
    const key = '\x10' // null
    const states: KnownStates = new Map([
      [
        1,
        new Map<number, StateFacts>([
          [2, { kind: 'entries', isMortal: false }],
          [3, { kind: 'scalar', isMortal: false }],
        ]),
      ],
    ])
    const timer = (name: string): RunEntry => ({
      ...entry('', ''),
      key: `\0\x07\0\x01\x01\0${'\x80'.repeat(8)}${key}${name}\0`,
    })
    const all = [
      entry(`${key}\0\0\0`, '\x03\x01v\x09\x01w'),
      entry(`${key}\0\x02\0k`, 'entry'),
      entry(`${key}\0\x08\0k`, 'of a state that is gone'),
      timer('due'),
      timer('\x01\x01ttl'),
    ]
    const facts = factsOf(new Map(all.map((each) => [each.key, each])), states)
    assert.deepEqual(
      [...facts.values()].map(({ text }) => text),
      ['v', 'entry', ''],
    )
  })

  it('tells of what is missing, too much or wrong, and of nothing else', () => {
    const facts = (all: Readonly<Record<string, Partial<Fact>>>): Facts =>
      new Map(
        Object.entries(all).map(([name, fact]) => {
          return [name, { text: '', age: 0, isMortal: false, ...fact }]
        }),
      )
    const one = facts({ a: { text: 'x' } })
    assert.equal(firstDifference(one, facts({ a: { text: 'x' } })), undefined)
    assert.match(firstDifference(one, facts({})) ?? '', /"a" is missing/)
    assert.match(firstDifference(facts({}), one) ?? '', /"a" is there and should not be/)
    assert.match(
      firstDifference(one, facts({ a: { text: 'y' } })) ?? '',
      /is "y" and should be "x"/,
    )
    assert.equal(firstDifference(one, facts({ a: { text: 'y', age: 1 } })), undefined)
    assert.equal(firstDifference(facts({ a: { age: UNKNOWN } }), one), undefined)
    assert.equal(firstDifference(facts({ a: { isMortal: true } }), facts({})), undefined)
    const list = facts({ a: { text: ['x', 'y'] } })
    assert.equal(firstDifference(list, facts({ a: { text: ['x', 'y'] } })), undefined)
    assert.match(firstDifference(list, facts({ a: { text: ['xy'] } })) ?? '', /should be/)
  })
})
