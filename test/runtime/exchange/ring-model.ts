// Two workers with a ring between them and a bell each, as the exchange uses them: the code of
// `ring.ts` and of the worker's host itself, run access by access. The one sends records and
// barriers and lets a barrier overtake when there is no room; the other reads, and cuts when it
// sees a barrier from afar or comes to it.
import assert from 'node:assert/strict'
import type {
  BarrierMark,
  ChannelReader,
  ChannelWriter,
} from '../../../src/runtime/exchange/channel.ts'
import { decodeBarrier, encodeBarrier } from '../../../src/runtime/exchange/barrier.ts'
import type { Change } from '../../explore/instrumented.ts'
import { explore, type Explored } from '../../explore/explorer.ts'
import { globalsOf, Memory, type Region } from '../../explore/shared-memory.ts'
import { type State, type ThreadCode, Threads } from '../../explore/threads.ts'
import { type HostOf, loadExchange } from './ring-modules.ts'

const RECORD = 1
const BARRIER = 3

/** What is sent: a record of so many bytes, or a barrier. */
export type Sent = { readonly bytes: number } | { readonly barrier: number }

export interface RingModelOptions {
  readonly capacityBytes: number
  /** Bytes that have been written and released before. */
  readonly startBytes?: number
  readonly sent: readonly Sent[]
  /** So many of them are in the ring when the threads begin. */
  readonly before?: number
  /**
   * Cuts come before their barriers, as other channels have brought them; barriers overtake: where
   * there is no room, or anywhere.
   */
  readonly unaligned?: 'without room' | 'anywhere'
  readonly isCoarse?: boolean
  readonly ring?: readonly Change[]
  readonly host?: readonly Change[]
}

/** Of one worker between two operations. */
interface Locals {
  mode: 'work' | 'idle'
  bell: { seen: number; isAwake: boolean }
  ring: Record<string, number>
  /** How much was sent, or received. */
  count: number
  /** Per barrier: what the sender left behind it, from where to where. */
  left: Record<string, readonly [number, number]>
  /** Barriers that have overtaken. */
  overtook: number[]
  /** Per barrier: records before the cut, those seen in flight, where to look on. */
  cuts: Record<string, Cut>
}

interface Cut {
  readonly before: number
  seen: number
  at: number | null
  isDone: boolean
}

const NEW: Locals = {
  mode: 'work',
  bell: { seen: 0, isAwake: false },
  ring: {},
  count: 0,
  left: {},
  overtook: [],
  cuts: {},
}

const payloadOf = (index: number, length: number): Uint8Array =>
  new Uint8Array(length).fill(index + 1)

/** Every second one, so that it can be seen of which a mark is. */
const isFull = (barrier: number): boolean => barrier % 2 === 0
const markOf = (checkpointId: number, overtook: boolean): BarrierMark => {
  return { checkpointId, full: isFull(checkpointId), overtook }
}

export class RingModel {
  readonly threads: Threads<Memory>
  readonly #options: RingModelOptions
  readonly #records: readonly number[]
  readonly #barriers: readonly number[]
  #host: HostOf | undefined
  #writer: (ChannelWriter & Record<string, unknown>) | undefined
  #reader: (ChannelReader & Record<string, unknown>) | undefined
  readonly #globals: ReturnType<typeof globalsOf>
  readonly #ring: Region
  readonly #bells: readonly [Region, Region]

  constructor(options: RingModelOptions) {
    this.#options = options
    this.#records = options.sent.flatMap((sent, index) => ('bytes' in sent ? [index] : []))
    const ringBytes = 64 + options.capacityBytes
    this.#barriers = options.sent.flatMap((sent) => ('barrier' in sent ? [sent.barrier] : []))
    this.#ring = { base: 0, byteLength: ringBytes }
    this.#bells = [
      { base: ringBytes, byteLength: 4 },
      { base: ringBytes + 4, byteLength: 4 },
    ]
    this.threads = new Threads<Memory>(
      [
        this.#code('writer', (locals) => this.#write(locals), 0, options.sent.length),
        this.#code('reader', (locals) => this.#read(locals), 1, this.#records.length),
      ],
      { isCoarse: options.isCoarse ?? false },
    )
    this.#globals = globalsOf(this.threads)
  }

  async start(): Promise<State<Memory>> {
    const { names } = this.#globals
    const { ring = [], host = [], capacityBytes, startBytes = 0, before = 0 } = this.#options
    const { hostOf, RingWriter, RingReader } = await loadExchange(names, ring, host)
    this.#host = hostOf
    const memory = Memory.of(64 + capacityBytes + 8, 64)
    memory.bytes.fill(0, 64 + capacityBytes)
    memory.setWord(0, startBytes)
    memory.setWord(4, startBytes)
    const locals: [Locals, Locals] = [structuredClone(NEW), structuredClone(NEW)]
    const { threads } = this
    threads.immediately(memory, () => {
      this.#writer = new RingWriter(this.#ring, this.#bellOf(1))
      this.#reader = new RingReader(this.#ring, this.#bellOf(0))
      for (let index = 0; index < before; index++) this.#write(locals[0])
      locals[0].ring = numbersOf(this.#writer)
      locals[1].ring = numbersOf(this.#reader)
    })
    return threads.start(memory, locals as unknown as Record<string, unknown>[])
  }

  /** Both have done all, and every cut is what it must be. */
  end({ threads }: State<Memory>): void {
    for (const [index, { next }] of threads.entries()) {
      const name = index === 0 ? 'writer' : 'reader'
      assert.equal(next?.label, undefined, `a lost wake-up: the ${name} sleeps`)
    }
    const [writer, reader] = threads.map(({ locals }): Locals => JSON.parse(locals))
    assert.ok(writer !== undefined && reader !== undefined)
    for (const [index, sent] of this.#options.sent.entries()) {
      // When one begins, those before it are settled: what becomes of them then is nobody's.
      if (!('barrier' in sent) || sent.barrier !== this.#barriers.at(-1)) continue
      const cut: Cut | undefined = reader.cuts[sent.barrier]
      // The reader may be through with all records before it came to the last barrier.
      if (cut === undefined || !cut.isDone) continue
      const left = leftBehind(writer, sent.barrier, this.#records)
      const all = this.#records.filter((at) => at < index).length
      assert.equal(cut.before + cut.seen + left, all, `checkpoint ${sent.barrier} is exact`)
    }
  }

  #code(name: string, work: (locals: Locals) => void, own: 0 | 1, end: number): ThreadCode {
    return {
      name,
      isOver: (locals) => (locals as unknown as Locals).count === end,
      run: (plain) => {
        const locals = plain as unknown as Locals // as `start` made them
        if (locals.mode === 'idle') return this.#idle(locals, own)
        const ring = (own === 0 ? this.#writer : this.#reader) ?? assert.fail()
        Object.assign(ring, locals.ring)
        work(locals)
        locals.ring = numbersOf(ring)
        return undefined
      },
    }
  }

  #bellOf(index: 0 | 1): { ring(): void } {
    const host = this.#host?.({ index: 1 - index }) ?? assert.fail()
    return host.doorbell(index, this.#bells[index])
  }

  /** The worker's host falls asleep, and wakes up. */
  async #idle(locals: Locals, own: 0 | 1): Promise<void> {
    const host = this.#host?.({ index: own }) ?? assert.fail()
    host.doorbell(own, this.#bells[own])
    host.local = { ...locals.bell, isListening: false }
    await host.idle(Number.POSITIVE_INFINITY)
    const { seen, isAwake, isListening } = host.local
    assert.equal(isListening, false)
    locals.bell = { seen, isAwake }
    locals.mode = 'work'
  }

  #write(locals: Locals): void {
    const { sent, unaligned } = this.#options
    const writer = this.#writer ?? assert.fail()
    if (unaligned === 'anywhere') this.#mayOvertake(writer, locals)
    const next = sent[locals.count] ?? assert.fail()
    if ('barrier' in next && locals.overtook.includes(next.barrier)) {
      this.#choose('past a barrier that overtook', 1)
      return void locals.count++
    }
    const isBarrier = 'barrier' in next
    const payload = isBarrier
      ? encodeBarrier({ checkpointId: next.barrier, stopAfter: false })
      : payloadOf(locals.count, next.bytes)
    if (writer.offer(isBarrier ? BARRIER : RECORD, payload, payload.length)) {
      if (isBarrier) writer.mark(markOf(next.barrier, false))
      locals.count++
      return
    }
    locals.mode = 'idle'
    if (unaligned === 'without room') this.#mayOvertake(writer, locals)
  }

  /** What `Lane.overtake` does. */
  #mayOvertake(writer: ChannelWriter, locals: Locals): void {
    const { sent } = this.#options
    const at = sent.findIndex((each, index) => {
      return index >= locals.count && 'barrier' in each && !locals.overtook.includes(each.barrier)
    })
    const barrier = sent[at]
    if (barrier === undefined || !('barrier' in barrier)) return
    if (this.#choose('overtake?', 2) === 0) return
    writer.mark(markOf(barrier.barrier, true))
    locals.left[barrier.barrier] = [locals.count, at]
    locals.overtook.push(barrier.barrier)
  }

  #read(locals: Locals): void {
    const reader = this.#reader ?? assert.fail()
    const mark = reader.mark()
    assert.equal(mark?.full, mark && isFull(mark.checkpointId), 'a mark is of one barrier')
    if (this.#options.unaligned !== undefined) this.#cutFromAfar(reader, locals)
    if (!reader.poll()) {
      locals.mode = 'idle'
      return
    }
    if (reader.frameType === BARRIER) {
      const { checkpointId } = decodeBarrier(reader.payload)
      locals.cuts[checkpointId] ??= { before: locals.count, seen: 0, at: null, isDone: true }
    } else {
      this.#expect(reader.frameType, this.#globals.readAgain(reader.payload), locals.count)
      locals.count++
    }
    reader.release()
  }

  /** What `InputGate.cut` and its recording do. */
  #cutFromAfar(reader: ChannelReader, locals: Locals): void {
    const newest = Math.max(0, ...Object.keys(locals.cuts).map(Number))
    const id = this.#barriers.find((each) => each > newest)
    if (id !== undefined && this.#choose('cut?', 2) === 1) {
      locals.cuts[id] = { before: locals.count, seen: 0, at: null, isDone: false }
    }
    for (const [of, cut] of Object.entries(locals.cuts)) {
      if (cut.isDone) continue
      const { at, reachedBarrier } = reader.look(cut.at ?? undefined, Number(of), (type, bytes) => {
        if (type === BARRIER) return
        this.#expect(type, bytes, cut.before + cut.seen)
        cut.seen++
      })
      cut.at = at
      cut.isDone = reachedBarrier
    }
  }

  /** The record that comes next, whole. */
  #expect(type: number, payload: Uint8Array, count: number): void {
    const index = this.#records[count] ?? assert.fail(`a record after the last`)
    const sent = this.#options.sent[index]
    assert.ok(sent !== undefined && 'bytes' in sent)
    assert.equal(type, RECORD, `record ${count} is of type ${type}`)
    assert.deepEqual([...payload], [...payloadOf(index, sent.bytes)], `record ${count}`)
  }

  #choose(label: string, outcomes: number): unknown {
    return this.threads.access({ label, outcomes, isLocal: true, perform: (_, outcome) => outcome })
  }
}

/** How many records a barrier has overtaken. */
function leftBehind({ left }: Locals, barrier: number, records: readonly number[]): number {
  const [from, to] = left[barrier] ?? [0, 0]
  return records.filter((at) => at >= from && at < to).length
}

/** The state of an object between operations is its numbers. */
function numbersOf(of: Record<string, unknown> | undefined): Record<string, number> {
  const numbers: Record<string, number> = {}
  for (const [name, value] of Object.entries(of ?? {})) {
    if (typeof value === 'number' && name !== 'frameBytesMax') numbers[name] = value
  }
  return numbers
}

/** Explores all orders; throws a `Violation` with the steps that lead to it. */
export async function exploreRing(options: RingModelOptions): Promise<Explored> {
  const model = new RingModel(options)
  const { threads } = model
  return explore(await model.start(), {
    key: (state) => threads.key(state),
    next: (state) => threads.next(state),
    end: (state) => model.end(state),
  })
}
