/** What values make operations do beside their results; the job and the oracle ask the same. */
import { FAR_MS } from './workload.ts'

/** So many far timers a key of `timers` has at most: many are set, and many of them taken back. */
const FAR_TIMERS = 64

/** When the far timer is due that a value sets or takes back. */
export function farOf(v: number): number {
  return FAR_MS + (v % FAR_TIMERS)
}

/** Behind this record `states` holds nothing of its key any more; of some keys that is often so. */
export function empties(k: number, v: number): boolean {
  return k % 3 === 0 && v % 4 === 0
}

/** Other values change nothing of `ordered` but its collections. */
export function isCounted(v: number): boolean {
  return v % 4 !== 0
}
