// A windowed stream on a real state backend, fed by hand: the harness of `millrace/testing`, with
// the node that the API makes for the window.
import type { TestContext } from 'node:test'
import type { DataStream, KeyedStream, Type } from 'millrace'
import { hashmap } from 'millrace/hashmap'
import { rocksdb, rocksdbIsAvailable } from 'millrace/rocksdb'
import type { KeyedHarness, KeyedHarnessOptions } from 'millrace/testing'
import { harnessNode } from '../../../src/testing/harness-node.ts'
import { harnessOf } from '../../../src/testing/keyed-harness.ts'
import { type Random, SeededRandom, systemRandom } from '../../../src/util/random.ts'

export const UID = 'window'

export interface Types<K, I> {
  readonly key?: Type<K>
  readonly input?: Type<I>
}

/** @param chain adds the windowed operator; its uid must be `UID`. */
export function windowHarness<K, I, O>(
  chain: (keyed: KeyedStream<K, I>) => DataStream<O>,
  options: KeyedHarnessOptions & Types<K, I> = {},
): Promise<KeyedHarness<K, I, O, {}>> {
  const { key, input, ...rest } = options
  return harnessOf(harnessNode(UID, key, chain, input), { ...rest, uid: UID })
}

/** Records as `[value, timestamp]` of one key. */
export function feed<I>(
  harness: KeyedHarness<string, I, unknown, {}>,
  key: string,
  ...records: readonly (readonly [value: I, timestamp: number])[]
): void {
  for (const [value, timestamp] of records) harness.processElement(key, value, timestamp)
}

export const backends = [
  { name: 'hashmap', isThere: true, create: hashmap },
  { name: 'rocksdb', isThere: rocksdbIsAvailable(), create: rocksdb },
]

/** Random numbers of a seed that is printed; SEED runs the test with the same again. */
export function randomFor(context: TestContext): Random {
  const seed = Number(process.env['SEED'] ?? systemRandom().uint32())
  context.diagnostic(`SEED=${seed}`)
  return new SeededRandom(seed)
}

/** Text that shows a result with its window. */
export const show = (
  value: unknown,
  { key, window }: { key: unknown; window: { start: number; end: number } },
): string => `${String(key)} [${window.start},${window.end}) ${String(value)}`

export const sum = (a: number, b: number): number => a + b
export const concat = (a: string, b: string): string => a + b
