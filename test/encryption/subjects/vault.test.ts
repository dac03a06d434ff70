// Vaults beside a plain model: a set of what was erased. Whatever was erased has no key any more,
// everything else the one that it always had, also after the vault was written and read.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Random } from '../../../src/util/random.ts'
import { decodeVault, encodeVault } from '../../../src/encryption/subjects/vault-codec.ts'
import { RememberedKeys } from '../../../src/encryption/subjects/remembered-keys.ts'
import { Vault } from '../../../src/encryption/subjects/vault.ts'
import { checkCommands, type Stepped } from '../../state/model/commands.ts'
import { hex, seededEntropy, subject } from './world.ts'

const SUBJECTS = 12
const HEAD_BYTES = 65

class Vaults implements Stepped {
  readonly counts = new Map<string, number>()
  /** Few are remembered, so that most are worked out again. */
  readonly #keys = new RememberedKeys(Vault.create(seededEntropy(3)), 6)
  /** Key by tag, as they were when they were first seen. */
  readonly #first = new Map<string, string>()
  readonly #erased = new Set<string>()
  /** By subject, its tag now. */
  readonly #tags = new Map<number, string>()
  #erasures = 0

  async step(random: Random): Promise<string> {
    const who = random.int(SUBJECTS)
    const kind = random.int(6)
    if (kind === 0) return this.#erase(who)
    if (kind === 1) return this.#writeAndRead()
    if (kind === 2) return this.#lookBack(random)
    return this.#ask(who)
  }

  compare(): void {
    for (const [tag, key] of this.#first) this.#compare(tag, key)
  }

  async close(): Promise<void> {}

  #ask(who: number): string {
    const tag = this.#keys.tagOf(subject(who))
    const key = this.#keys.keyOf(tag)
    assert.ok(key !== undefined, 'the tag of a subject now has a key')
    const text = String(hex(tag))
    assert.ok(!this.#erased.has(text), 'no tag comes back')
    assert.equal(this.#tags.get(who) ?? text, text, 'a tag stays until it is erased')
    this.#tags.set(who, text)
    const first = this.#first.get(text) ?? String(hex(key))
    assert.equal(hex(key), first)
    this.#first.set(text, first)
    return this.#count(`ask for ${who}`, 'ask')
  }

  #erase(who: number): string {
    this.#erased.add(String(hex(this.#keys.tagOf(subject(who)))))
    this.#keys.take(this.#keys.vault.erase(subject(who)))
    this.#tags.delete(who)
    this.#erasures++
    const bytes = encodeVault({ number: 1, leaderEpoch: 1, vault: this.#keys.vault }).length
    assert.ok(bytes <= HEAD_BYTES + 32 + this.#erasures * (192 * 32 + 64), `${bytes} bytes`)
    return this.#count(`erase ${who}`, 'erase')
  }

  #writeAndRead(): string {
    const bytes = encodeVault({ number: 1, leaderEpoch: 1, vault: this.#keys.vault })
    const read = decodeVault(bytes, 'vault')
    assert.deepEqual(encodeVault(read), bytes)
    this.#keys.take(read.vault)
    return this.#count('write and read', 'write')
  }

  #lookBack(random: Random): string {
    const all = [...this.#first]
    const [tag, key] = all[random.int(Math.max(1, all.length))] ?? []
    if (tag === undefined || key === undefined) return 'nothing to look at'
    this.#compare(tag, key)
    return this.#count(`look at ${tag}`, this.#erased.has(tag) ? 'look at erased' : 'look at left')
  }

  #compare(tag: string, key: string): void {
    const isErased = this.#erased.has(tag)
    const bytes = Buffer.from(tag, 'hex')
    assert.equal(hex(this.#keys.keyOf(bytes)), isErased ? undefined : key)
    assert.equal(this.#keys.has(bytes), !isErased)
  }

  #count(text: string, what: string): string {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1)
    return text
  }
}

describe('the vault', () => {
  it('is as a set of what was erased', async () => {
    await checkCommands({
      name: 'vault',
      commands: 1_000,
      perRun: 100,
      seed: 13,
      open: async () => new Vaults(),
      expect: ['ask', 'erase', 'write', 'look at erased', 'look at left'],
    })
  })

  it('gives a subject that comes back another tag, until it is erased again', () => {
    const vault = Vault.create(seededEntropy(4))
    const tags = [vault, vault.erase(subject(1))]
      .flatMap((each) => [each, each.erase(subject(2))])
      .map((each) => hex(each.tagOf(subject(1))))
    assert.equal(tags[0], tags[1])
    assert.equal(tags[2], tags[3])
    assert.notEqual(tags[0], tags[2])
  })

  it('has tags and keys that nobody has without its secrets', () => {
    const [one, other] = [5, 6].map((seed) => Vault.create(seededEntropy(seed)))
    const tag = one?.tagOf(subject(1))
    assert.notEqual(hex(tag), hex(other?.tagOf(subject(1))))
    assert.ok(tag !== undefined && hex(one?.keyOf(tag)) !== hex(other?.keyOf(tag)))
    assert.notEqual(one?.id, other?.id)
  })
})

describe('remembered keys', () => {
  it('are not worked out again, and not more of them than it may be', () => {
    const vault = Vault.create(seededEntropy(7))
    let asked = 0
    const counting = new (class extends Vault {
      override keyOf(tag: Uint8Array): Uint8Array | undefined {
        asked++
        return super.keyOf(tag)
      }
    })(vault.content)
    const keys = new RememberedKeys(counting, 8)
    const tags = Array.from({ length: 9 }, (_, who) => vault.tagOf(subject(who)))
    for (const tag of tags.slice(0, 4)) keys.keyOf(tag)
    for (const tag of tags.slice(0, 4)) keys.keyOf(tag)
    assert.equal(asked, 4)
    for (const tag of tags.slice(4)) keys.keyOf(tag)
    for (const tag of tags.slice(4)) keys.keyOf(tag)
    assert.equal(asked, 9)
    keys.keyOf(tags[0] ?? new Uint8Array(0))
    assert.equal(asked, 10, 'the oldest was forgotten')
  })
})
