/** Requests of one writer that are on their way at the same time: so many at most. */
export class Sending {
  readonly #atOnceMax: number
  readonly #pending = new Set<Promise<void>>()
  #failure: { readonly error: unknown } | undefined

  constructor(atOnceMax: number) {
    this.#atOnceMax = atOnceMax
  }

  /** Takes over a request that has begun; resolves when another one may begin. */
  async add(request: Promise<void>): Promise<void> {
    const pending: Promise<void> = request
      .catch((error: unknown) => {
        this.#failure ??= { error }
      })
      .finally(() => this.#pending.delete(pending))
    this.#pending.add(pending)
    if (this.#pending.size >= this.#atOnceMax) await Promise.race(this.#pending)
    this.check()
  }

  /** Resolves when none is under way, whatever has become of them. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending)
  }

  /** Throws what the first one that failed has thrown. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }
}
