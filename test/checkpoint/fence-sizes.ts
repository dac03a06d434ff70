// Which leaders over one storage are explored: few enough that every order of them is gone through.
import type { FenceModelOptions } from './fence-model.ts'

export interface SizedFence extends FenceModelOptions {
  readonly name: string
  readonly isLong?: boolean
}

/** One has listed an empty chain, another leads and is about to append; both sleep for any time. */
const SLEEPERS = { leaders: 3, checkpoints: [1, 0, 1], failures: 0, keep: 1, begins: [1, 0, 0, 0] }

/** The first gives its checkpoints up at last. */
const CANCELLED = { leaders: 2, checkpoints: 1, failures: 0, keep: 1, cancels: [0] }

/** The third leads first, and sleeps before it appends. */
const CANCELLED_THREE = { ...CANCELLED, leaders: 3, begins: [2, 2, 2] }

export const FENCE_SIZES: readonly SizedFence[] = [
  { name: 'two leaders, two checkpoints each', leaders: 2, checkpoints: 2, failures: 0 },
  { name: 'the same with a failing put', leaders: 2, checkpoints: 1, failures: 1 },
  { name: 'the same with old links deleted', leaders: 2, checkpoints: 2, failures: 0, keep: 1 },
  { name: 'two who sleep while a third deletes old links', ...SLEEPERS, switches: 2 },
  { name: 'the same in every order', ...SLEEPERS, isLong: true },
  { name: 'one is cancelled, another begins', ...CANCELLED, switches: 2 },
  { name: 'a cancel with a failing put', ...CANCELLED, failures: 1, switches: 1 },
  { name: 'one is cancelled, one begins, a former one sleeps', ...CANCELLED_THREE, switches: 1 },
  { name: 'the same in more orders', ...CANCELLED_THREE, switches: 2, isLong: true },
  { name: 'one is cancelled, another begins, in every order', ...CANCELLED, isLong: true },
  { name: 'three leaders', leaders: 3, checkpoints: 1, failures: 0, isLong: true },
  { name: 'two failing puts', leaders: 2, checkpoints: 2, failures: 2, isLong: true },
]
