/**
 * The nearest right name for a wrong one, for messages such as "unknown option "pathh"; did you
 * mean "path"?". A suggestion is given only if it is near enough to be a slip of the fingers.
 */

const NAME_CHARS_MAX = 100

/**
 * The entry of `known` that `name` was probably meant to be: a third of the letters may be wrong.
 * Letter case and the separators `-`, `_`, `.` and space count for nothing.
 */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  if (name.length > NAME_CHARS_MAX) return undefined
  const wanted = lettersOf(name)
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1
  for (const candidate of known) {
    const distance = editDistance(wanted, lettersOf(candidate))
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best
}

function lettersOf(name: string): string {
  return name.toLowerCase().replace(/[-_. ]/g, '')
}

/**
 * Insertions, deletions, replacements of one character and swaps of two neighbours that turn
 * `left` into `right`.
 */
export function editDistance(left: string, right: string): number {
  let beforeLast: readonly number[] = []
  let row = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let i = 1; i <= left.length; i++) {
    const next = [i]
    for (let j = 1; j <= right.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1)
      let least = Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1)
      const swapped = left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1]
      if (i > 1 && j > 1 && swapped) least = Math.min(least, (beforeLast[j - 2] ?? 0) + 1)
      next.push(least)
    }
    beforeLast = row
    row = next
  }
  return row[right.length] ?? 0
}
