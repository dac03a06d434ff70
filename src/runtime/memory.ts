/**
 * The memory budget of a process: what its jobs may use for state, caches and buffers together. A
 * job that states its `memory` gets it; those that do not share one default between them, so that
 * two jobs in a service do not take twice what one would.
 */

/** However many jobs there are, each gets at least this share of the default. */
const LEAST_SHARE = 1 / 8

export interface MemoryGrant {
  readonly bytes: number
  release(): void
}

export class MemoryBudget {
  #grantedBytes = 0

  /** What is granted now, in all. */
  get grantedBytes(): number {
    return this.#grantedBytes
  }

  /**
   * @param wantedBytes what the options say.
   * @param isStated whether somebody said so; a default gives way to what others have.
   */
  claim(wantedBytes: number, isStated: boolean): MemoryGrant {
    const leftBytes = wantedBytes - this.#grantedBytes
    const bytes = isStated
      ? wantedBytes
      : Math.floor(Math.max(leftBytes, wantedBytes * LEAST_SHARE))
    this.#grantedBytes += bytes
    let isReleased = false
    return {
      bytes,
      release: () => {
        if (!isReleased) this.#grantedBytes -= bytes
        isReleased = true
      },
    }
  }
}

const budgets = new WeakMap<object, MemoryBudget>()

/** The one budget of a host: the embedded host is one per process, a simulated one its own. */
export function memoryBudgetOf(host: object): MemoryBudget {
  const known = budgets.get(host)
  if (known !== undefined) return known
  const budget = new MemoryBudget()
  budgets.set(host, budget)
  return budget
}
