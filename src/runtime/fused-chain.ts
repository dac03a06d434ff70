/**
 * Fuses the operators without state of a chain: a record goes through one function that was made
 * for this chain, instead of from object to object. The functions of other chains and jobs then
 * cannot slow it down: a call in code that all share is one of many functions, and is not inlined.
 *
 * Where code must not be made of strings (`--disallow-code-generation-from-strings`) chains stay
 * as they are, and do the same.
 */
import type { Inline, Output } from '../operators/operator.ts'
import { discard, Fanout, MainOutput } from './chain-outputs.ts'
import { functionFailed } from './function-failed.ts'
import { fusedText, type Step } from './fused-text.ts'

/** How the texts of fused chains are called; `host-embedded-look.ts` knows frames by it. */
export const FUSED_SCHEME = 'millrace:chain/'

/** Where the outputs of a chain lead, and the functions that are made of that. */
export class Fusion {
  readonly #vertexId: number
  readonly #isPlain: boolean
  readonly #steps = new Map<Output, Step>()
  readonly #fused = new Set<FusedOutput>()

  /** @param isPlain nothing is fused; nor is it where code must not be made. */
  constructor(vertexId: number, isPlain: boolean) {
    this.#vertexId = vertexId
    this.#isPlain = isPlain || !mayMakeCode()
  }

  /** Says what an operator does with what goes into its stage; else that is a call of the stage. */
  describe(
    stage: Output,
    operator: { readonly label: string; readonly inline: Inline; readonly next: Output },
  ): void {
    const { label, inline, next } = operator
    this.#steps.set(stage, { kind: 'inline', label, inline, next: this.#stepOf(next) })
  }

  /** One output for all of these. */
  joined(outputs: readonly Output[]): Output {
    const [first = discard, ...others] = outputs
    if (others.length === 0) return first
    const fanout = new Fanout(outputs)
    this.#steps.set(fanout, { kind: 'all', steps: outputs.map((each) => this.#stepOf(each)) })
    return fanout
  }

  /** The main output of an operator, by which its side outputs get times and the end. */
  main(main: Output, sides: readonly Output[]): Output {
    const output = new MainOutput(main, sides, this.#isPlain)
    this.#steps.set(output, this.#stepOf(main))
    return output
  }

  /** An output that does the same in one function; the same one if there is nothing to fuse. */
  fused(output: Output): Output {
    const step = this.#stepOf(output)
    if (this.#isPlain || step.kind === 'output') return output
    const fused = new FusedOutput(output, step)
    this.#fused.add(fused)
    return fused
  }

  /** Makes no function for an output of `fused`: nothing will go into it. */
  leave(output: Output): void {
    if (output instanceof FusedOutput) this.#fused.delete(output)
  }

  /** Makes the functions, before the first record comes. */
  make(): void {
    for (const [number, fused] of [...this.#fused].entries()) {
      fused.make(`${FUSED_SCHEME}${this.#vertexId}/${number}`)
    }
    this.#fused.clear()
  }

  #stepOf(output: Output): Step {
    return this.#steps.get(output) ?? { kind: 'output', output }
  }
}

/** Records go through the function; times and ends from operator to operator. */
class FusedOutput implements Output {
  collect: Output['collect']
  readonly #plain: Output
  readonly #step: Step

  constructor(plain: Output, step: Step) {
    this.#plain = plain
    this.#step = step
    this.collect = (value, timestamp) => plain.collect(value, timestamp)
  }

  make(url: string): void {
    const { body, parameters, labels } = fusedText(this.#step)
    const chain = {
      labels,
      failed(at: number, error: unknown): unknown {
        const label = labels[at]
        return label === undefined ? error : functionFailed(label, error)
      },
    }
    // Its text is made of names and numbers of ours alone.
    // oxlint-disable-next-line typescript/no-implied-eval -- see above
    const make = new Function('chain', ...parameters.keys(), `${body}//# sourceURL=${url}\n`)
    this.collect = make(chain, ...parameters.values()) as Output['collect'] // what it returns
  }

  watermark(timestamp: number): void {
    this.#plain.watermark(timestamp)
  }

  endInput(): void {
    this.#plain.endInput()
  }
}

/** Found out by trying: there is no other way to ask. */
function mayMakeCode(): boolean {
  try {
    // oxlint-disable-next-line typescript/no-implied-eval -- of an empty text
    return typeof new Function('') === 'function'
  } catch {
    return false
  }
}
