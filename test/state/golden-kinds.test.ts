// The entries of every kind of state with a time to live, byte for byte as format version 1 has
// them, decoded without the declarations. UPDATE_GOLDEN=1 writes a file that is missing; what is
// there is never written again.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import type { Entry } from '../../src/state/backend.ts'
import { hashmap } from '../../src/state/hashmap/index.ts'
import { SECTION_ROWS, sectionOfKey } from '../../src/state/runs/entry.ts'
import { StateDecoder } from '../../src/state/runs/state-decoder.ts'
import type { BackendSuite } from '../../src/testing/conformance/backend-world.ts'
import { MORTAL_RECORD, MortalWorld, writeAll } from '../../src/testing/conformance/mortal-world.ts'

const path = join(import.meta.dirname, '../fixtures/state-kinds-v1.tsv')
const suite: BackendSuite = {
  test: () => undefined,
  name: 'golden',
  choose: () => hashmap(),
  evicts: false,
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

async function written(): Promise<readonly Entry[]> {
  await using world = await MortalWorld.open(suite, { ttl: { after: 160 }, now: 1000 })
  world.on('key', (state) => writeAll(state, 'one', -1.5))
  world.advance(1007)
  world.on('key', (state) => {
    writeAll(state, 'two', 2)
    state.deque.pushFirst('zero')
    state.sorted.set(Number.NaN, 'last')
  })
  return world.checkpoint()
}

it('entries of every kind are as they were in every version', async () => {
  const lines = (await written()).map(({ key, value }) => `${hex(key)}\t${hex(value)}`)
  const text = `# key\tvalue\n${lines.join('\n')}\n`
  if (!existsSync(path) && process.env['UPDATE_GOLDEN'] !== undefined) writeFileSync(path, text)
  assert.equal(text, readFileSync(path, 'utf8'))
})

it('the golden entries are decoded by the schemas alone', () => {
  const entries = readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t').map((text) => Buffer.from(text, 'hex')))
    .map(([key = Buffer.alloc(0), value = Buffer.alloc(0)]) => ({ key, value }))
  const rows = entries.filter(({ key }) => sectionOfKey(key) === SECTION_ROWS)
  const { key, states, stampMs } = new StateDecoder(MORTAL_RECORD).decode(rows)
  assert.equal(key, 'key')
  assert.equal(stampMs, 1007)
  assert.deepEqual(states, {
    value: 'two',
    counter: 2,
    longest: 'one',
    joined: ['one', 'two'],
    list: ['one', 'two'],
    map: new Map([
      ['one', 'one'],
      ['two', 'two'],
    ]),
    sorted: new Map([
      [-1.5, 'one'],
      [2, 'two'],
      [Number.NaN, 'last'],
    ]),
    set: new Set(['one', 'two']),
    deque: ['zero', 'one', 'two'],
  })
  const { sorted } = states
  assert.ok(sorted instanceof Map)
  assert.deepEqual([...sorted.keys()], [-1.5, 2, Number.NaN])
})
