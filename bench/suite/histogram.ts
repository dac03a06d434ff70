/**
 * How often which number came, in buckets that widen with the numbers, so that a quantile is right
 * to less than two in a hundred, however large it is, and taking a number in costs next to nothing.
 * `bench/flink/Histogram.java` has the same buckets.
 */

/** Up to twice so many, each number has a bucket; above, each doubling has so many. */
const PER_DOUBLING = 64
const FIRST_BITS = Math.log2(PER_DOUBLING)
const BITS = 31

export class Histogram {
  count = 0
  readonly #buckets = new Float64Array((BITS - FIRST_BITS + 1) * PER_DOUBLING)

  /** @param number from 0 to below 2 to the power of 31; others for the nearest ones */
  add(number: number): void {
    const whole = Math.max(0, Math.min(number, 2 ** BITS - 1)) | 0
    const shift = Math.max(0, BITS - Math.clz32(whole) - FIRST_BITS)
    const bucket = shift * PER_DOUBLING + (whole >> shift)
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1
    this.count++
  }

  /** The least number that the share of all numbers does not exceed, rounded up to its bucket. */
  quantile(share: number): number {
    const wanted = Math.max(1, Math.ceil(share * this.count))
    let sum = 0
    for (let bucket = 0; bucket < this.#buckets.length; bucket++) {
      sum += this.#buckets[bucket] ?? 0
      if (sum >= wanted) return lastOf(bucket)
    }
    return Number.NaN
  }
}

function lastOf(bucket: number): number {
  const shift = Math.max(0, Math.floor(bucket / PER_DOUBLING) - 1)
  return (bucket - shift * PER_DOUBLING + 1) * 2 ** shift - 1
}
