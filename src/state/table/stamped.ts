/** An element of a list whose state has a time to live. */
export class Stamped {
  readonly value: unknown
  /** The last touch; -1 for none. */
  readonly stampMs: number

  constructor(value: unknown, stampMs: number) {
    this.value = value
    this.stampMs = stampMs
  }
}
