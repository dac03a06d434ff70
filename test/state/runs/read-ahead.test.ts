// Pieces that are asked for before their turn, and runs that are read so from a store far away.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Entry } from '../../../src/state/backend.ts'
import { readPieces } from '../../../src/state/runs/read-ahead.ts'
import { RunReader } from '../../../src/state/runs/run-reader.ts'
import { RunWriter } from '../../../src/state/runs/run-writer.ts'
import type { BlobStore } from '../../../src/storage/blob-store.ts'
import { MemoryBlobStore } from '../../../src/storage/memory.ts'
import { SeededRandom } from '../../../src/util/random.ts'
import { collect, liveValue, METADATA, rowKey } from './entries.ts'

/** Answers when it is told to, and knows what it was asked for. */
class Slow {
  readonly asked: number[] = []
  readonly #answers = new Map<number, PromiseWithResolvers<Uint8Array>>()

  read(piece: number): Promise<Uint8Array> {
    this.asked.push(piece)
    const answer = Promise.withResolvers<Uint8Array>()
    this.#answers.set(piece, answer)
    return answer.promise
  }

  answer(piece: number): void {
    this.#answers.get(piece)?.resolve(Uint8Array.of(piece))
  }

  fail(piece: number): void {
    this.#answers.get(piece)?.reject(new Error(`piece ${piece} is lost`))
  }
}

describe('pieces', () => {
  it('are asked for before their turn, so many of them, and come in their order', async () => {
    const slow = new Slow()
    const pieces = readPieces([1, 2, 3, 4, 5], (piece) => slow.read(piece), 2)
    const first = pieces.next()
    await setImmediate()
    assert.deepEqual(slow.asked, [1, 2, 3])
    for (const piece of [3, 2, 1]) slow.answer(piece)
    assert.deepEqual((await first).value, [1, Uint8Array.of(1)])
    assert.deepEqual(slow.asked, [1, 2, 3])
    assert.deepEqual((await pieces.next()).value, [2, Uint8Array.of(2)])
    assert.deepEqual(slow.asked, [1, 2, 3, 4])
    slow.answer(4)
    await pieces.next()
    const rest = [pieces.next(), pieces.next(), pieces.next()]
    await setImmediate()
    slow.answer(5)
    const [fourth, fifth, end] = await Promise.all(rest)
    assert.deepEqual([fourth?.value?.[0], fifth?.value?.[0], end?.done], [4, 5, true])
  })

  it('are asked for one by one where nothing is to be gained', async () => {
    const slow = new Slow()
    const pieces = readPieces([1, 2], (piece) => slow.read(piece), 0)
    const first = pieces.next()
    await setImmediate()
    slow.answer(1)
    await first
    await setImmediate()
    assert.deepEqual(slow.asked, [1])
    await pieces.return(undefined)
    assert.deepEqual(slow.asked, [1])
  })

  it('fail when it is their turn', async () => {
    const slow = new Slow()
    const pieces = readPieces([1, 2, 3], (piece) => slow.read(piece), 2)
    const first = pieces.next()
    await setImmediate()
    slow.fail(2)
    slow.answer(1)
    slow.answer(3)
    assert.deepEqual((await first).value?.[0], 1)
    await assert.rejects(pieces.next(), /piece 2 is lost/)
    assert.equal((await pieces.next()).done, true)
  })

  it('are not under way any more when who reads them has ended', async () => {
    const slow = new Slow()
    const pieces = readPieces([1, 2, 3], (piece) => slow.read(piece), 2)
    const first = pieces.next()
    await setImmediate()
    slow.answer(1)
    await first
    let hasEnded = false
    const ended = pieces.return(undefined).then(() => (hasEnded = true))
    slow.answer(2)
    await setImmediate()
    assert.equal(hasEnded, false)
    slow.fail(3)
    await ended
  })
})

/** It has nothing to be read at once, as those have not that are reached over a network. */
function farStore(): {
  readonly store: BlobStore
  readonly reads: { readonly offsetBytes: number; readonly lengthBytes: number }[]
} {
  const inner = new MemoryBlobStore()
  const reads: { readonly offsetBytes: number; readonly lengthBytes: number }[] = []
  const store: BlobStore = {
    location: inner.location,
    create: (name) => inner.create(name),
    putIfAbsent: (name, bytes) => inner.putIfAbsent(name, bytes),
    read(name, offsetBytes = 0, lengthBytes = 0) {
      reads.push({ offsetBytes, lengthBytes })
      return inner.read(name, offsetBytes, lengthBytes)
    },
    stat: (name) => inner.stat(name),
    list: (prefix) => inner.list(prefix),
    delete: (name) => inner.delete(name),
    close: () => inner.close(),
  }
  return { store, reads }
}

describe('a run in a store far away', () => {
  const random = new SeededRandom(5)
  const letters = (count: number): string =>
    Array.from({ length: count }, () => String.fromCharCode(random.int(0x80))).join('')
  const entries: readonly Entry[] = Array.from({ length: 2_600 }, (_, index) => {
    return { key: rowKey(index >> 7, index), value: liveValue(letters(4_000)) }
  })

  async function opened() {
    const far = farStore()
    const writer = await RunWriter.create(far.store, 'runs/1.run', METADATA, {
      compression: 'none',
    })
    for (const entry of entries) {
      writer.add(entry)
      await writer.flushIfFull()
    }
    const reader = await RunReader.open(far.store, await writer.close())
    far.reads.length = 0
    return { far, reader }
  }

  it('is read in few large pieces, each once', async () => {
    const { far, reader } = await opened()
    assert.deepEqual(await collect(reader.scan()), entries)
    assert.equal(far.reads.length, Math.ceil(reader.reference.lengthBytes / 2 ** 22))
    let from = 0
    for (const { offsetBytes, lengthBytes } of far.reads) {
      assert.ok(offsetBytes >= from && lengthBytes <= 2 ** 22, `${offsetBytes}: ${lengthBytes}`)
      from = offsetBytes + lengthBytes
    }
    await reader.verify()
  })

  it('gives some key groups, and one row, without reading the others', async () => {
    const { far, reader } = await opened()
    const some = entries.slice(3 * 128, 5 * 128)
    assert.deepEqual(await collect(reader.scan({ start: 3, end: 4 })), some)
    const bytes = far.reads.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0)
    assert.ok(bytes < 2 * 128 * 4_200 + 2 * 40_000, `${bytes} bytes`)
    const [row] = some
    assert.deepEqual(await collect(reader.prefix(row?.key ?? new Uint8Array(0))), [row])
  })
})
