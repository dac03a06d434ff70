// An exactly-once sink whose writer stands still when its test says so. What is visible is what
// checkpoints have committed.
import { twoPhaseCommitSink } from 'millrace/connectors'
import { t } from 'millrace'
import { Gate } from './doubles.ts'

export class BlockedSink<T> {
  /** In the order in which it was committed. */
  readonly visible: T[] = []
  readonly #parts = new Map<string, readonly T[]>()
  readonly #committed = new Set<string>()
  #gates: Gate[] = []
  #isBlocked = false

  readonly sink = twoPhaseCommitSink<T, string>({
    name: 'blocked',
    committable: t.string,
    createWriter: () => {
      const open: T[] = []
      return {
        write: async (values) => {
          open.push(...values)
          if (this.#isBlocked) await this.#wait()
        },
        prepareCommit: () => {
          const part = `part ${this.#parts.size}`
          this.#parts.set(part, open)
          return [part]
        },
      }
    },
    createCommitter: () => ({
      commit: ({ committable }) => {
        if (this.#committed.has(committable)) return
        this.#committed.add(committable)
        this.visible.push(...(this.#parts.get(committable) ?? []))
      },
    }),
  })

  /** From now on a call of the writer does not come back. */
  block(): void {
    this.#isBlocked = true
  }

  /** Lets the calls under way come back, and none after them: a sink that is very slow. */
  letThrough(): void {
    for (const gate of this.#gates.splice(0)) gate.open()
  }

  unblock(): void {
    this.#isBlocked = false
    this.letThrough()
  }

  async #wait(): Promise<void> {
    const gate = new Gate()
    this.#gates.push(gate)
    await gate.passed
  }
}
