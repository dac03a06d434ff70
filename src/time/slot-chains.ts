/**
 * Finds slots by a hash: a table of heads, and chains of slots that go both ways, so that any slot
 * can be taken out at once. What equal hashes mean is for the owner to say.
 */

const FIRST_HEADS = 16
/** Stands for no slot; zero, so that fresh columns need no filling. */
const NONE = 0

export class SlotChains {
  /** Slots plus one, by the lowest bits of a hash. */
  #heads = new Int32Array(0)
  /** Four for each slot: hash, slot plus one behind it and before it; one is spare. */
  #links = new Int32Array(0)
  #count = 0

  /** The first slot whose hash may be this one; -1 if there is none. */
  first(hash: number): number {
    if (this.#count === 0) return -1
    return (this.#heads[hash & (this.#heads.length - 1)] as number) - 1 // masked
  }

  /** The next one of its chain; -1 at the end. */
  next(slot: number): number {
    return (this.#links[slot * 4 + 1] as number) - 1 // a slot that was added
  }

  hashOf(slot: number): number {
    return this.#links[slot * 4] as number // as above
  }

  add(slot: number, hash: number): void {
    if (this.#count >= this.#heads.length) this.#grow()
    if (this.#links.length < (slot + 1) * 4) {
      const links = new Int32Array(Math.max(FIRST_HEADS * 4, (slot + 1) * 8))
      links.set(this.#links)
      this.#links = links
    }
    this.#links[slot * 4] = hash
    this.#count++
    this.#put(slot, hash)
  }

  remove(slot: number): void {
    const links = this.#links
    const [next, before] = [links[slot * 4 + 1] as number, links[slot * 4 + 2] as number] // added
    if (before !== NONE) links[(before - 1) * 4 + 1] = next
    else this.#heads[(links[slot * 4] as number) & (this.#heads.length - 1)] = next
    if (next !== NONE) links[(next - 1) * 4 + 2] = before
    this.#count--
  }

  clear(): void {
    this.#heads = new Int32Array(0)
    this.#links = new Int32Array(0)
    this.#count = 0
  }

  #put(slot: number, hash: number): void {
    const [heads, links] = [this.#heads, this.#links]
    const at = hash & (heads.length - 1)
    const head = heads[at] as number // masked
    links[slot * 4 + 1] = head
    links[slot * 4 + 2] = NONE
    if (head !== NONE) links[(head - 1) * 4 + 2] = slot + 1
    heads[at] = slot + 1
  }

  #grow(): void {
    const former = this.#heads
    this.#heads = new Int32Array(Math.max(FIRST_HEADS, former.length * 2))
    for (const head of former) {
      for (let slot = head - 1; slot >= 0;) {
        const next = this.next(slot)
        this.#put(slot, this.hashOf(slot))
        slot = next
      }
    }
  }
}
