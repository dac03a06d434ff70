// Throw-away files that are encrypted behave as those that are not.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EncryptedScratch } from '../../src/encryption/encrypted-scratch.ts'
import { MemoryScratch } from '../../src/storage/scratch-memory.ts'
import type { Scratch, ScratchFile } from '../../src/storage/scratch.ts'
import { SeededRandom } from '../../src/util/random.ts'

const entropy = (bytes: number) => new Uint8Array(bytes).fill(7)

/** Gives hold of what lies below, and fails an append when it is told to. */
function watched(): { readonly scratch: Scratch; files: ScratchFile[]; failures: number } {
  const memory = new MemoryScratch()
  const state = { files: [] as ScratchFile[], failures: 0 }
  const scratch: Scratch = {
    directory: 'x',
    create(name) {
      const file = memory.create(name)
      state.files.push(file)
      return {
        get lengthBytes() {
          return file.lengthBytes
        },
        append(bytes) {
          if (state.failures-- > 0) throw new Error('the disk is full')
          file.append(bytes)
        },
        read: (at, length) => file.read(at, length),
        delete: () => file.delete(),
      }
    },
    close: () => memory.close(),
  }
  return Object.assign(state, { scratch })
}

test('every range of many appends is what was appended', () => {
  const random = new SeededRandom(5)
  const scratch = new EncryptedScratch(new MemoryScratch(), entropy)
  const file = scratch.create('a')
  const all: number[] = []
  for (let round = 0; round < 40; round++) {
    const bytes = Array.from({ length: random.int(30) }, () => random.int(256))
    file.append(Uint8Array.from(bytes))
    all.push(...bytes)
    assert.equal(file.lengthBytes, all.length)
  }
  for (let round = 0; round < 300; round++) {
    const start = random.int(all.length)
    const length = random.int(all.length - start + 1)
    assert.deepEqual([...file.read(start, length)], all.slice(start, start + length))
  }
  assert.throws(() => file.read(all.length, 1), { code: 'STORAGE_CORRUPT' })
  file.delete()
  scratch.close()
})

test('the same bytes lie otherwise each time, also after an append that failed', () => {
  const below = watched()
  const file = new EncryptedScratch(below.scratch, entropy).create('a')
  const same = new Uint8Array(100)
  const stored = (index: number) => Buffer.from(below.files[0]?.read(index * 116, 100) ?? [])
  file.append(same)
  below.failures = 1
  assert.throws(() => file.append(same), /full/)
  file.append(same)
  assert.deepEqual(
    [...file.read(0, 200)],
    Array.from({ length: 200 }, () => 0),
  )
  assert.notDeepEqual(stored(0), stored(1))
  assert.notDeepEqual(stored(0), Buffer.from(same))
})

test('bytes that the disk has changed are noticed', () => {
  const below = watched()
  const file = new EncryptedScratch(
    {
      ...below.scratch,
      create: (name) => {
        const inner = below.scratch.create(name)
        const read = (at: number, length: number) => inner.read(at, length).map((byte) => byte ^ 1)
        return { lengthBytes: 0, append: (bytes) => inner.append(bytes), read, delete() {} }
      },
    },
    entropy,
  ).create('a')
  file.append(new Uint8Array(10))
  assert.throws(() => file.read(0, 10), { code: 'STORAGE_FAILED', retryable: true })
})
