// One end of a ring in a thread of its own: writes or reads frames of changing lengths and answers
// with their number and a checksum over types, lengths, contents and order.
import { parentPort, workerData } from 'node:worker_threads'
import { RingReader, RingWriter } from '../../../src/runtime/exchange/ring.ts'
import { required } from '../../../src/util/assert.ts'

interface Setup {
  readonly role: 'producer' | 'consumer'
  readonly memory: SharedArrayBuffer
  readonly toReader: SharedArrayBuffer
  readonly toWriter: SharedArrayBuffer
  readonly frames: number
}

const setup = workerData as Setup // passed by ring.test.ts
const port = required(parentPort, 'runs in a worker thread')

class Bell {
  readonly #word: Int32Array
  constructor(word: SharedArrayBuffer) {
    this.#word = new Int32Array(word)
  }
  get value(): number {
    return Atomics.load(this.#word, 0)
  }
  ring(): void {
    Atomics.add(this.#word, 0, 1)
    Atomics.notify(this.#word, 0)
  }
  /** Sleeps unless the bell rang since `seen`; a lost ring shows as a time-out. */
  wait(seen: number): void {
    if (Atomics.wait(this.#word, 0, seen, 5_000) === 'timed-out') throw new Error('a lost ring')
  }
}

const mix = (hash: number, value: number): number => Math.imul(hash ^ value, 0x01000193) >>> 0

function digest(hash: number, type: number, payload: Uint8Array, lengthBytes: number): number {
  let next = mix(mix(hash, type), lengthBytes)
  if (lengthBytes > 0) {
    next = mix(next, payload[0] as number)
    next = mix(next, payload[lengthBytes >> 1] as number)
    next = mix(next, payload[lengthBytes - 1] as number)
  }
  return next
}

const toReader = new Bell(setup.toReader)
const toWriter = new Bell(setup.toWriter)

function produce(): number {
  const writer = new RingWriter(setup.memory, toReader)
  const payload = new Uint8Array(512)
  let hash = 0
  for (let frame = 0; frame < setup.frames; frame++) {
    const lengthBytes = Math.imul(frame, 2654435761) >>> 23 // 0 to 511
    const type = frame % 5
    if (lengthBytes > 0) {
      payload[0] = frame
      payload[lengthBytes >> 1] = frame >> 8
      payload[lengthBytes - 1] = frame >> 16
    }
    for (let seen = toWriter.value; !writer.offer(type, payload, lengthBytes);) {
      toWriter.wait(seen)
      seen = toWriter.value
    }
    hash = digest(hash, type, payload, lengthBytes)
  }
  return hash
}

function consume(): number {
  const reader = new RingReader(setup.memory, toWriter)
  let hash = 0
  for (let frame = 0; frame < setup.frames; frame++) {
    for (let seen = toReader.value; !reader.poll();) {
      toReader.wait(seen)
      seen = toReader.value
    }
    hash = digest(hash, reader.frameType, reader.payload, reader.payload.length)
    reader.release()
  }
  return hash
}

const hash = setup.role === 'producer' ? produce() : consume()
port.postMessage({ frames: setup.frames, hash })
