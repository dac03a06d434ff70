/** State of many keys that changes in rounds, for who kills the process in which it does. */
import assert from 'node:assert/strict'
import type { Entry } from '../../../src/state/backend.ts'
import { contentOf, type World } from '../../../src/testing/conformance/backend-world.ts'

export const KEYS = 250
/** So many rounds were made up to the checkpoint before the last, and up to the last. */
export const ROUNDS = [2, 3] as const

export function change(world: World, round: number): void {
  for (let key = 0; key < KEYS; key++) {
    world.on(key, ({ value, count, list, map, sorted, deque }) => {
      count.update(count.value() + round)
      if (key % 2 === 0) value.update({ round, key, text: 'x'.repeat(50) })
      for (let at = 0; at < key % 4; at++) list.add(`${round} ${at}`)
      map.set(`${round}`, key)
      if ((key + round) % 5 === 0) map.clear()
      sorted.set((key * round) % 17, round)
      deque.pushLast(round)
      if ((key + round) % 7 === 0) deque.clear()
    })
  }
  world.table.deselect()
  world.backend.maintain(50)
}

export function expectRounds(world: World, rounds: number, expected: World): void {
  for (let key = 0; key < KEYS; key++) {
    assert.deepEqual(
      contentOf(world, key),
      contentOf(expected, key),
      `${rounds} rounds, key ${key}`,
    )
  }
}

type Text = readonly (readonly [key: string, value: string])[]

export function asText(run: readonly Entry[]): Text {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
  return run.map(({ key, value }) => [hex(key), hex(value)])
}

export function ofText(text: Text): readonly Entry[] {
  return text.map(([key, value]) => ({
    key: Buffer.from(key, 'hex'),
    value: Buffer.from(value, 'hex'),
  }))
}
