/** From the words of a violation to its class: what kind of invariant has caught a bug. */

const LENGTH_MAX = 90

/** Equal for violations that only differ in numbers, names and places. */
export function classOf(problem: string): string {
  const first = problem.split('\n')[0] ?? ''
  const output = /^\S+ \((order per key|multiset|sums)\): .*?(\d+) records instead of (\d+)/.exec(
    first,
  )
  if (output !== null) {
    const [, compare = '', found = '', wanted = ''] = output
    const [visible, expected] = [Number(found), Number(wanted)]
    const how =
      visible < expected ? 'records missing' : visible > expected ? 'records too many' : 'others'
    return `output differs from the oracle (${compare}): ${how}`
  }
  const plain = first
    .replace(/^worker \d+ \S+: /, 'worker: ')
    .replace(/^sim\/\S*: /, 'storage: ')
    .replace(/(runs|chain)\/[\w./-]+/g, '$1/…')
    .replace(/"[^"]*"/g, '"…"')
    .replace(/\b(sink|keyed|window|join|meet|split|outside|match)-\d+\S*/g, '$1')
    .replace(/-?\d+(\.\d+)?(e[+-]?\d+)?/g, '#')
  return plain.length > LENGTH_MAX ? `${plain.slice(0, LENGTH_MAX)}…` : plain
}
