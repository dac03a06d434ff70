/**
 * Numbers in ascending order, sorted as far as they are asked for: the first ones of many come
 * after one pass, all of them in the time that sorting takes. It is incremental quicksort (R.
 * Paredes and G. Navarro, "Optimal incremental sorting", 2006): of each part that is split, the
 * end is kept, and sorted when it is its turn.
 */

/** Shorter parts are sorted at once. */
const PART_MAX = 64

/** @param values distinct, and no NaN; they are put in order where they are. */
export function* ascending(values: Float64Array): Generator<number> {
  const ends = [values.length]
  let start = 0
  for (let end = ends.at(-1); end !== undefined; end = ends.at(-1)) {
    while (end - start > PART_MAX) {
      end = split(values, start, end)
      ends.push(end)
    }
    yield* values.subarray(start, end).sort()
    start = end
    ends.pop()
  }
}

/** Puts the lower values first; gives where the others begin: behind the first, before the end. */
function split(values: Float64Array, start: number, end: number): number {
  const pivot = middleOf(values, start, end)
  let low = start
  let high = end - 1
  for (;;) {
    while ((values[low] as number) < pivot) low++ // the pivot, or one above it, ends these loops
    while ((values[high] as number) > pivot) high--
    if (low >= high) return high + 1
    const value = values[low] as number
    values[low++] = values[high] as number
    values[high--] = value
  }
}

/** The middle one of three, so that values that are in order already are split in halves. */
function middleOf(values: Float64Array, start: number, end: number): number {
  const first = values[start] as number // within the part, as the others
  const middle = values[(start + end) >>> 1] as number
  const last = values[end - 1] as number
  const [low, high] = first < last ? [first, last] : [last, first]
  return Math.max(low, Math.min(middle, high))
}
