// A thread in which a function of a fused chain loops for ever.
import { workerData } from 'node:worker_threads'
import type { Output } from '../../src/operators/operator.ts'
import { Fusion } from '../../src/runtime/fused-chain.ts'

const discard: Output = { collect() {}, watermark() {}, endInput() {} }
const plainOutput = (): Output => ({ ...discard })

const begun = workerData as Int32Array // what the test gives

function neverEnding(): never {
  Atomics.store(begun, 0, 1)
  for (;;);
}

const fusion = new Fusion(0, false)
const [first, second] = [plainOutput(), plainOutput()]
const check = (): void => undefined
const loops = { kind: 'map', fn: neverEnding, check } as const
const passes = { kind: 'map', fn: (value: unknown) => value, check } as const
fusion.describe(second, { label: 'the one that loops', inline: loops, next: plainOutput() })
fusion.describe(first, { label: 'the one before', inline: passes, next: second })
const entrance = fusion.fused(first)
fusion.make()
entrance.collect(1, 0)
