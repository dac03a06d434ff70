// Bounds how often another thread goes on than the one before. Most of what goes wrong goes wrong
// by few switches, and worlds become explorable that have far too many states without a bound.
import type { Explorable, Step } from './explorer.ts'

interface Switched<S> {
  readonly state: S
  /** Whose step was the last one. */
  readonly thread: string
  readonly switches: number
}

/** @param system its steps are named `<thread>: <what>`. */
export function withSwitches<S>(system: Explorable<S>, switchesMax: number) {
  const bounded: Explorable<Switched<S>> = {
    key: ({ state, thread, switches }) => `${thread} ${switches} ${system.key(state)}`,
    async next({ state, thread, switches }) {
      const steps: Step<Switched<S>>[] = []
      const all = await system.next(state)
      const threadOf = ({ name }: Step<S>): string => name.slice(0, name.indexOf(':'))
      // Going on after another one has come to its end, or must wait, is no switch.
      const isFree = !all.some((step) => threadOf(step) === thread)
      for (const step of all) {
        const other = threadOf(step)
        const count = switches + (isFree || other === thread ? 0 : 1)
        if (count > switchesMax) continue
        steps.push({ ...step, state: { state: step.state, thread: other, switches: count } })
      }
      return steps
    },
    end: ({ state }) => system.end(state),
  }
  return { system: bounded, start: (state: S) => ({ state, thread: '', switches: 0 }) }
}
