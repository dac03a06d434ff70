// Explores every state that a small system can get into, breadth first: so the first violation is
// reached by as few steps as any, and the steps are told. A state counts once, by its key.
import assert from 'node:assert/strict'

export interface Step<S> {
  readonly name: string
  readonly state: S
}

export interface Explorable<S> {
  /** Of two states with one key what follows is the same. */
  key(state: S): string
  /** What may come next, in whatever order; throws if what must not happen would. */
  next(state: S): readonly Step<S>[] | Promise<readonly Step<S>[]>
  /** Throws unless this may be the end: nothing follows. */
  end(state: S): void
}

export interface Explored {
  readonly states: number
  readonly transitions: number
  readonly ends: number
  /** Steps of the longest of the shortest ways. */
  readonly depth: number
}

interface Seen<S> {
  readonly state: S
  readonly name: string
  readonly from: number
  readonly depth: number
}

/** What went wrong, and the steps that led there. */
export class Violation extends Error {
  override readonly name = 'Violation'
  readonly steps: readonly string[]

  constructor(problem: string, steps: readonly string[], cause: unknown) {
    super(`${problem}\nafter ${steps.length} steps:\n  ${steps.join('\n  ')}`, { cause })
    this.steps = steps
  }
}

/** @throws {@link Violation}; also when there are more states than `statesMax`. */
export async function explore<S>(
  initial: S,
  system: Explorable<S>,
  statesMax = 2_000_000,
): Promise<Explored> {
  const found: Seen<S>[] = [{ state: initial, name: '', from: -1, depth: 0 }]
  const keys = new Set([system.key(initial)])
  let [transitions, ends, depth] = [0, 0, 0]
  for (let at = 0; at < found.length; at++) {
    const seen = found[at] ?? assert.fail()
    ;({ depth } = seen)
    try {
      const pending = system.next(seen.state)
      const steps = pending instanceof Promise ? await pending : pending
      if (steps.length === 0) {
        ends++
        system.end(seen.state)
      }
      for (const { name, state } of steps) {
        transitions++
        const key = system.key(state)
        if (keys.has(key)) continue
        keys.add(key)
        found.push({ state, name, from: at, depth: depth + 1 })
        assert.ok(found.length <= statesMax, `more than ${statesMax} states`)
      }
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      throw new Violation(problem, stepsTo(found, at), error)
    }
    release(found, at)
  }
  return { states: found.length, transitions, ends, depth }
}

function stepsTo<S>(found: readonly Seen<S>[], last: number): readonly string[] {
  const steps: string[] = []
  for (let at = last; at > 0; at = found[at]?.from ?? 0) steps.push(found[at]?.name ?? '')
  return steps.reverse()
}

/** Only the way to it is still needed. */
function release<S>(found: Seen<S | undefined>[], at: number): void {
  const seen = found[at]
  if (seen !== undefined) found[at] = { ...seen, state: undefined }
}
