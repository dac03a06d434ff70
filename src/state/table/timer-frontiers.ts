/**
 * How far the timers of one clock are in memory: for each key group the time and hash from which on
 * some of its timers may lie below, and which group's that is first.
 */

/** Where nothing lies below: after every timer, also one at the end of time. */
const NOWHERE = Number.POSITIVE_INFINITY

export class TimerFrontiers {
  /** The group whose frontier comes first. */
  first = 0
  readonly #times: Float64Array
  readonly #hashes: Float64Array

  constructor(groups: number) {
    this.#times = new Float64Array(groups).fill(NOWHERE)
    this.#hashes = new Float64Array(groups).fill(NOWHERE)
  }

  timeOf(group: number): number {
    return this.#times[group] as number // a group of the table, as below
  }

  hashOf(group: number): number {
    return this.#hashes[group] as number
  }

  /** True if nothing of the group lies below. */
  isNowhere(group: number): boolean {
    return this.hashOf(group) === NOWHERE
  }

  /** True if a timer of the group may lie below. */
  mayHold(group: number, time: number, hash: number): boolean {
    const frontier = this.timeOf(group)
    return time > frontier || (time === frontier && hash >= this.hashOf(group))
  }

  /** True if a timer of the group comes after the frontier: not before it, nor at it. */
  isAfter(group: number, time: number, hash: number): boolean {
    const frontier = this.timeOf(group)
    return time > frontier || (time === frontier && hash > this.hashOf(group))
  }

  /** A timer of the group lies below now, which does not come after its frontier. */
  lower(group: number, time: number, hash: number): void {
    this.#times[group] = time
    this.#hashes[group] = hash
    if (this.#isBefore(group, this.first)) this.first = group
  }

  /** Nothing before lies below of the group any more. */
  raise(group: number, time: number, hash: number): void {
    this.#times[group] = time
    this.#hashes[group] = hash
    for (let each = 0; each < this.#times.length; each++) {
      if (this.#isBefore(each, this.first)) this.first = each
    }
  }

  /** Nothing of the group lies below any more. */
  clear(group: number): void {
    this.raise(group, NOWHERE, NOWHERE)
  }

  #isBefore(group: number, other: number): boolean {
    const [time, otherTime] = [this.timeOf(group), this.timeOf(other)]
    return time < otherTime || (time === otherTime && this.hashOf(group) < this.hashOf(other))
  }
}
