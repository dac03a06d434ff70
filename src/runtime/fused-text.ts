/**
 * The text of a fused chain: one function for the operators without state that follow each other,
 * with their calls written out. Every function, operator and label comes in by a parameter, and all
 * names are made here from numbers: nothing that a user wrote is part of the text.
 *
 *     at          which operator is at work, for errors and for a look at a worker that hangs
 *     take0 …     the entrance, and what follows a flatMap or lies beyond the limit of a function
 */
import type { Inline, Output } from '../operators/operator.ts'

/** What happens to a record that goes into an output. */
export type Step =
  | { readonly kind: 'output'; readonly output: Output }
  | { readonly kind: 'all'; readonly steps: readonly Step[] }
  | {
      readonly kind: 'inline'
      readonly label: string
      readonly inline: Inline
      readonly next: Step
    }

export interface FusedText {
  /** Of a function of `parameters` that returns the entrance. */
  readonly body: string
  readonly parameters: ReadonlyMap<string, unknown>
  /** Of the operators, by what `at` is. */
  readonly labels: readonly string[]
}

/** Longer chains become several functions: compilers give up on too much at once. */
const STEPS_PER_FUNCTION = 12
/** No operator of this function is at work. */
const NOBODY = -1

/** Where the text of a function is. */
interface Position {
  /** Names of the record and its time. */
  readonly value: string
  readonly timestamp: string
  /** The operator that hands the record on. */
  readonly at: number
  readonly depth: number
}

/** The text for a step; it calls `chain.failed(at, error)` when something is thrown. */
export function fusedText(step: Step): FusedText {
  return new TextWriter().write(step)
}

class TextWriter {
  readonly #parameters = new Map<string, unknown>()
  readonly #labels: string[] = []
  readonly #entrances: Step[] = []
  #lines: string[] = []
  #indent = 0

  write(step: Step): FusedText {
    const entrance = this.#entrance(step)
    this.#line(`'use strict'`)
    for (const [number, each] of this.#entrances.entries()) this.#function(number, each)
    this.#line(`return ${entrance}`)
    const body = `${this.#lines.join('\n')}\n`
    return { body, parameters: this.#parameters, labels: this.#labels }
  }

  /** The name of a function for a step, which is written after those before it. */
  #entrance(step: Step): string {
    return `take${this.#entrances.push(step) - 1}`
  }

  #function(number: number, step: Step): void {
    this.#block(`function take${number}(value, timestamp)`, () => {
      this.#line(`let at = ${NOBODY}`)
      this.#block('try', () => {
        this.#step(step, { value: 'value', timestamp: 'timestamp', at: NOBODY, depth: 0 })
      })
      this.#block('catch (error)', () => this.#line('throw chain.failed(at, error)'))
    })
  }

  #step(step: Step, position: Position): void {
    const { value, timestamp, at, depth } = position
    if (step.kind === 'all') {
      for (const [index, each] of step.steps.entries()) {
        // The one before may have gone further.
        if (index > 0) this.#line(`at = ${at}`)
        this.#step(each, position)
      }
    } else if (step.kind === 'output' || depth >= STEPS_PER_FUNCTION) {
      this.#line(this.#handOn(step, value, timestamp))
    } else {
      const own = this.#labels.push(step.label) - 1
      this.#line(`at = ${own}`)
      this.#inline(own, step.inline, step.next, { ...position, at: own, depth: depth + 1 })
    }
  }

  #inline(own: number, inline: Inline, next: Step, position: Position): void {
    const { value, timestamp } = position
    if (inline.kind === 'timestamps') {
      this.#parameters.set(`timestampOf${own}`, inline.timestampOf)
      this.#parameters.set(`onRecord${own}`, inline.onRecord)
      this.#line(`const timestamp${own} = timestampOf${own}(${value})`)
      this.#step(next, { ...position, timestamp: `timestamp${own}` })
      this.#line(`at = ${own}`)
      this.#line(`onRecord${own}(${value}, timestamp${own})`)
      return
    }
    this.#parameters.set(`fn${own}`, inline.fn)
    this.#parameters.set(`check${own}`, inline.check)
    const result = `result${own}`
    this.#line(`const ${result} = fn${own}(${value})`)
    this.#line(`check${own}(${result})`)
    switch (inline.kind) {
      case 'map':
        return this.#step(next, { ...position, value: result })
      case 'filter':
        return this.#block(`if (${result})`, () => this.#step(next, position))
      case 'flat-map': {
        const element = this.#handOn(next, `${result}[index]`, timestamp)
        const each = element.replace(`${result}[index]`, 'each')
        this.#block(`if (Array.isArray(${result}))`, () => {
          this.#block(`for (let index = 0; index < ${result}.length; index++)`, () =>
            this.#line(element),
          )
        })
        this.#block(`else for (const each of ${result})`, () => this.#line(each))
      }
    }
  }

  /** The call that hands a record to what is not written here. */
  #handOn(step: Step, value: string, timestamp: string): string {
    if (step.kind !== 'output') return `${this.#entrance(step)}(${value}, ${timestamp})`
    const name = `output${this.#parameters.size}`
    this.#parameters.set(name, step.output)
    return `${name}.collect(${value}, ${timestamp})`
  }

  #block(head: string, write: () => void): void {
    this.#line(`${head} {`)
    this.#indent++
    write()
    this.#indent--
    this.#line('}')
  }

  #line(text: string): void {
    this.#lines.push('  '.repeat(this.#indent) + text)
  }
}
