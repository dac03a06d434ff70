/**
 * The asynchronous operators of a chain, as its task sees them: whether one has no room, and the
 * step in which their results go on. A chain is ordered from its head on, so what comes later may
 * be downstream: it must be free before anything is handed to it, and nothing waits in a circle.
 */
import type { Chain, ChainHost } from './chain.ts'
import { functionFailed } from './function-failed.ts'
import type { WorkerHost } from './host.ts'

/** What is around a chain's operators: the world, the log, and where their records come from. */
export function surroundings(
  host: WorkerHost,
  signal: AbortSignal,
  { vertex, subtaskIndex }: { readonly vertex: number; readonly subtaskIndex: number },
  place: () => string,
): Pick<ChainHost, 'world' | 'place' | 'report' | 'isPlain'> {
  const random = host.random.fork(`vertex ${vertex}, subtask ${subtaskIndex}`)
  return {
    world: { clock: host.clock, random, signal, wake: () => host.wake() },
    place,
    report: (event, error) => host.report(event, error),
    isPlain: host.hasPlainChains === true,
  }
}

export class Asynchronous {
  readonly #operators: Chain['operators']
  readonly #isOutputFull: () => boolean
  /** Which of the operators are asynchronous, and what each asks before it hands anything on. */
  readonly #own: readonly { readonly index: number; readonly mayEmit: () => boolean }[]

  constructor({ operators }: Chain, isOutputFull: () => boolean) {
    this.#operators = operators
    this.#isOutputFull = isOutputFull
    this.#own = [...operators.entries()]
      .filter(([, { operator }]) => operator.resume !== undefined)
      .map(([index]) => ({ index, mayEmit: () => this.#mayEmit(index) }))
  }

  /** No record may enter the chain. */
  get isFull(): boolean {
    return this.#own.length > 0 && this.isFullAfter(-1)
  }

  /** The chain has not seen all of its input yet. */
  get hasPending(): boolean {
    return this.#own.some(({ index }) => this.#operators[index]?.operator.hasPending === true)
  }

  /** One of those after operator `index` takes no more. */
  isFullAfter(index: number): boolean {
    for (const own of this.#own) {
      if (own.index > index && this.#operators[own.index]?.operator.isFull === true) return true
    }
    return false
  }

  /** Hands on what has arrived, as far as there is room; true if anything was done. */
  resume(): boolean {
    let worked = false
    for (const { index, mayEmit } of this.#own) {
      const own = this.#operators[index]
      try {
        if (own?.operator.resume?.(mayEmit) === true) worked = true
      } catch (error) {
        throw functionFailed(own?.node.label ?? '', error)
      }
    }
    return worked
  }

  #mayEmit(index: number): boolean {
    if (this.#isOutputFull() || this.isFullAfter(index)) return false
    for (let after = index + 1; after < this.#operators.length; after++) {
      if (this.#operators[after]?.stage.isBusy === true) return false
    }
    return true
  }
}
