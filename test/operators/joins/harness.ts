// A join of two keyed streams on a real state backend, fed by hand, with the node of the API.
import type { DataStream, KeyedStream, Type } from 'millrace'
import type { HarnessOptions, TwoInputHarness } from 'millrace/testing'
import { twoInputNode } from '../../../src/testing/harness-node.ts'
import { twoInputHarnessOf } from '../../../src/testing/two-input-harness.ts'

export const UID = 'join'

/** A record that shows where it comes from, and when: `l3`. */
export interface Item {
  readonly name: string
  readonly at: number
}
export type JoinHarness<O> = TwoInputHarness<string, Item, Item, O, {}>

/** @param chain adds the join; its uid must be `UID`. */
export function joinHarness<O>(
  chain: (left: KeyedStream<string, Item>, right: KeyedStream<string, Item>) => DataStream<O>,
  options: HarnessOptions & { readonly input?: Type<Item> } = {},
): Promise<JoinHarness<O>> {
  const { input, ...rest } = options
  const inputs = input === undefined ? {} : { first: input, second: input }
  const node = twoInputNode<string, Item, Item, O>(UID, undefined, chain, inputs)
  return twoInputHarnessOf(node, { ...rest, uid: UID })
}

/**
 * Feeds records of key `k` and watermarks, as text: `l3` comes on the left at time 3, `r-4` on the
 * right at −4, `w5` is the watermark of both.
 */
export function feed(harness: JoinHarness<unknown>, script: string, key = 'k'): void {
  for (const name of script.split(' ').filter((word) => word !== '')) {
    const at = Number(name.slice(1))
    if (name.startsWith('l')) harness.processElement1(key, { name, at }, at)
    else if (name.startsWith('r')) harness.processElement2(key, { name, at }, at)
    else {
      harness.processWatermark1(at)
      harness.processWatermark2(at)
    }
  }
}

/** Results with their timestamps: `l1+r2@2`. */
export function shown(harness: JoinHarness<string>): readonly string[] {
  return harness.output.map((text, index) => `${text}@${harness.outputTimestamps[index]}`)
}

export const pair = (left: Item | undefined, right: Item | undefined): string =>
  `${left?.name ?? '-'}+${right?.name ?? '-'}`
