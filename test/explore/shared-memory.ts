// Shared memory whose every access is a step: what stands for typed arrays, `Atomics` and the
// waiting for a word in modules that an explorer runs.
import assert from 'node:assert/strict'
import type { Access, Shared, Threads } from './threads.ts'

/** Never written: whoever reads it reads what nobody has written. */
const UNWRITTEN = 0xdb

/** Who waits for a word: nobody, somebody, or somebody who was notified and has not run since. */
type Waiter = 'none' | 'waits' | 'notified'

export class Memory implements Shared {
  readonly bytes: Uint8Array
  /** By address of the word. */
  readonly waiters: Map<number, Waiter>

  constructor(bytes: Uint8Array, waiters = new Map<number, Waiter>()) {
    this.bytes = bytes
    this.waiters = waiters
  }

  static of(lengthBytes: number, zeroedBytes: number): Memory {
    const bytes = new Uint8Array(lengthBytes).fill(UNWRITTEN)
    bytes.fill(0, 0, zeroedBytes)
    return new Memory(bytes)
  }

  copy(): Memory {
    return new Memory(this.bytes.slice(), new Map(this.waiters))
  }

  get key(): string {
    const waiters = [...this.waiters].map(([at, waiter]) => `${at}:${waiter}`)
    return `${Buffer.from(this.bytes.buffer).toString('latin1')}${waiters.join()}`
  }

  word(at: number): number {
    return new DataView(this.bytes.buffer).getInt32(at, true)
  }

  setWord(at: number, value: number): void {
    new DataView(this.bytes.buffer).setInt32(at, value, true)
  }
}

/** A part of the memory that stands for a SharedArrayBuffer. */
export interface Region {
  readonly base: number
  readonly byteLength: number
}

const BASE = Symbol('base')

interface Words {
  readonly [BASE]: number
}

type Touch = (
  label: string,
  from: number,
  lengthBytes: number,
  how: Pick<Access<Memory>, 'writes' | 'isAtomic' | 'perform'>,
) => unknown

/** What a module sees instead of the real ones. */
export function globalsOf(threads: Threads<Memory>) {
  const touch: Touch = (label, from, lengthBytes, how) =>
    threads.access({ label, from, to: from + lengthBytes, ...how })
  const { FakeUint8Array, readAgain } = bytesOf(touch)
  const names = {
    Atomics: atomicsOf(threads, touch),
    Int32Array: wordsOf(touch),
    Uint8Array: FakeUint8Array,
  }
  return { names, readAgain }
}

function wordsOf(touch: Touch) {
  const read = (at: number): unknown =>
    touch(`read ${at}`, at, 4, { perform: (memory) => memory.word(at) })
  const write = (at: number, value: number): unknown =>
    touch(`write ${at} = ${value}`, at, 4, {
      writes: true,
      perform: (memory) => memory.setWord(at, value),
    })

  return class FakeInt32Array {
    constructor(region: Region, byteOffset = 0) {
      const base = region.base + byteOffset
      return new Proxy<object>(
        { [BASE]: base },
        {
          get: (target, name) =>
            typeof name === 'symbol' ? Reflect.get(target, name) : read(base + 4 * Number(name)),
          set: (_, name, value) => {
            write(base + 4 * Number(name), Number(value))
            return true
          },
        },
      )
    }
  }
}

function bytesOf(touch: Touch) {
  /** Where the bytes that a view gave came from. */
  const origins = new WeakMap<Uint8Array, number>()
  const readBytes = (label: string, from: number, lengthBytes: number): Uint8Array => {
    const perform = (memory: Memory): number[] => [
      ...memory.bytes.subarray(from, from + lengthBytes),
    ]
    // What was logged is what `perform` gave.
    const bytes = Uint8Array.from(
      lengthBytes === 0 ? [] : (touch(label, from, lengthBytes, { perform }) as number[]),
    )
    origins.set(bytes, from)
    return bytes
  }

  class FakeUint8Array {
    readonly #base: number

    constructor(region: Region, byteOffset = 0) {
      this.#base = region.base + byteOffset
    }

    subarray(from: number, to: number): Uint8Array {
      return readBytes(`look at ${from}..${to}`, this.#base + from, to - from)
    }

    set(bytes: Uint8Array, at: number): void {
      if (bytes.length === 0) return
      touch(`copy ${bytes.length} bytes to ${at}`, this.#base + at, bytes.length, {
        writes: true,
        perform: (memory) => memory.bytes.set(bytes, this.#base + at),
      })
    }
  }

  return {
    FakeUint8Array,
    /** Reads once more what a view gave, as somebody does who uses it later. */
    readAgain: (bytes: Uint8Array): Uint8Array => {
      const from = origins.get(bytes) ?? assert.fail('no bytes of the memory')
      return readBytes('read the payload', from, bytes.length)
    },
  }
}

const atomic = (words: Words, index: number): number => words[BASE] + 4 * index

function atomicsOf(threads: Threads<Memory>, touch: Touch) {
  return {
    load: (words: Words, index: number) =>
      touch(`load ${index} at ${words[BASE]}`, atomic(words, index), 4, {
        isAtomic: true,
        perform: (memory) => memory.word(atomic(words, index)),
      }),
    store: (words: Words, index: number, value: number) =>
      touch(`store ${index} at ${words[BASE]} = ${value}`, atomic(words, index), 4, {
        isAtomic: true,
        writes: true,
        perform: (memory) => memory.setWord(atomic(words, index), value),
      }),
    add: (words: Words, index: number, value: number) =>
      touch(`add ${index} at ${words[BASE]}`, atomic(words, index), 4, {
        isAtomic: true,
        writes: true,
        perform(memory) {
          memory.setWord(atomic(words, index), memory.word(atomic(words, index)) + value)
        },
      }),
    notify: (words: Words, index: number) =>
      threads.access({
        label: `notify ${words[BASE]}`,
        perform({ waiters }) {
          const at = atomic(words, index)
          if (waiters.get(at) === 'waits') waiters.set(at, 'notified')
        },
      }),
    waitAsync(words: Words, index: number, expected: number) {
      const at = atomic(words, index)
      const waits = threads.access({
        label: `wait ${at} while ${expected}`,
        perform(memory) {
          if (memory.word(at) !== expected) return false
          assert.notEqual(memory.waiters.get(at), 'waits', 'one wait at a time')
          memory.waiters.set(at, 'waits')
          return true
        },
      })
      if (waits === false) return { async: false, value: 'not-equal' }
      const woken = threads.asyncAccess({
        label: `wake up by ${at}`,
        isEnabled: ({ waiters }) => waiters.get(at) === 'notified',
        perform: ({ waiters }) => void waiters.set(at, 'none'),
      })
      return { async: true, value: woken }
    },
  }
}
