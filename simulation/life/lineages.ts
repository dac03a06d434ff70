/**
 * Which lines of checkpoints the visible output of a simulated job comes from. A start from a
 * savepoint goes on after the line that wrote it, a fresh one begins anew; and a start may go back
 * to a checkpoint that a fresh one has left behind.
 */
export class Lineages {
  #former: readonly string[] = []
  /** Of lineages that a fresh start left behind: those before them. */
  readonly #leftBehind = new Map<string, readonly string[]>()

  /** The job goes on in another place, from a savepoint: these count there, too. */
  continued(lineages: readonly string[]): void {
    this.#former = lineages
  }

  /** The job begins anew, where this was its lineage. */
  leftBehind(lineage: string): void {
    this.#leftBehind.set(lineage, this.#before(lineage))
    this.#former = []
  }

  /** All whose output counts if the job stands on this one, in order. */
  upTo(lineage: string): readonly string[] {
    return [...this.#before(lineage), lineage]
  }

  #before(lineage: string): readonly string[] {
    return this.#leftBehind.get(lineage) ?? this.#former
  }
}
