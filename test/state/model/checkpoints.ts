/** The checkpoints of a model test: what the plain side was at the cut is what a restore gives. */
import type { Random } from '../../../src/util/random.ts'

interface Cuttable {
  readonly isCutting: boolean
  cut(): void
  abort(): void
  complete(): Promise<void>
  restart(parallelism: number): Promise<void>
  rollback(): Promise<void>
}

export interface CheckpointedModel<P> {
  subtasks(): Cuttable
  random(): Random
  /** Of what the plain side holds now. */
  copy(): P
  /** The plain side becomes that of the newest complete checkpoint. */
  goBack(to: P): void
  /** Does it, and counts it by this name, which it gives. */
  count(name: string, body: () => void): string
}

export class ModelCheckpoints<P> {
  readonly #model: CheckpointedModel<P>
  #complete: P
  #cutting: P

  constructor(model: CheckpointedModel<P>) {
    this.#model = model
    this.#complete = model.copy()
    this.#cutting = this.#complete
  }

  cut(): string {
    const subtasks = this.#model.subtasks()
    if (subtasks.isCutting) return 'no cut'
    this.#cutting = this.#model.copy()
    return this.#model.count('cut', () => subtasks.cut())
  }

  /** Completes or aborts the cut under way. */
  async settle(): Promise<string> {
    const subtasks = this.#model.subtasks()
    if (!subtasks.isCutting) return 'no cut'
    if (this.#model.random().int(3) === 0) return this.#model.count('abort', () => subtasks.abort())
    await subtasks.complete()
    this.#complete = this.#cutting
    return this.#model.count('complete', () => undefined)
  }

  async restart(): Promise<string> {
    const parallelism = 1 + this.#model.random().int(3)
    await this.#model.subtasks().restart(parallelism)
    this.#model.count('restart', () => this.#model.goBack(this.#complete))
    return `restart at ${parallelism}`
  }

  async rollback(): Promise<string> {
    await this.#model.subtasks().rollback()
    return this.#model.count('rollback', () => this.#model.goBack(this.#complete))
  }
}
