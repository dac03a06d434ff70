/**
 * Records in flight, as a checkpoint holds them when its barrier has overtaken them: decoded, in
 * the order of their channel, each with what is needed to find the way anew at any parallelism.
 * Frames are captured at the cut, entries made of them beside the record loop.
 *
 * A channel lies under a name of its own in the run: first an entry that says which it is, then
 * entries of many elements each. `docs/internals/snapshot-format.md` has the bytes.
 */
import type { KeySelector } from '../../graph/job-graph.ts'
import { NO_TIMESTAMP } from '../../operators/operator.ts'
import type { OperatorStateEntry } from '../../state/snapshot.ts'
import { writeKey } from '../../types/keys.ts'
import type { Type } from '../../types/type.ts'
import { ByteReader, ByteWriter } from '../../util/bytes.ts'
import {
  type Frame,
  FRAME_FRAGMENT,
  FRAME_IDLE,
  FRAME_RECORDS,
  FRAME_WATERMARK,
} from './channel.ts'
import { FRAMED_HASH, FRAMED_TIMESTAMP } from './framed-record.ts'

/** A barrier does not overtake more than this in one channel or sink: it waits like others. */
export const IN_FLIGHT_BYTES_MAX = 64 * 1024 * 1024
/** Stands for the key of records that have none: they all go to one subtask. */
export const KEYLESS = ''
/** Records made into entries before others get a chance. */
const RECORDS_PER_SLICE = 1_000
/** Elements gather in an entry until it is so large: an entry each would cost more than they do. */
const ENTRY_BYTES = 32 * 1024

/** An input of a node in the job graph. */
export interface ChannelInput {
  readonly node: number
  /** Which of the node's input edges; 0 for what waits in a sink. */
  readonly edge: number
  /** Subtasks of the node. */
  readonly receivers: number
  readonly type: Type<unknown>
  /** How records find their subtask; absent: by the channel. */
  readonly key: KeySelector | undefined
  /** What the entries lie under. */
  readonly operatorId: number
}

/** Where a channel stood at the cut of its receiver. */
export interface ChannelBase {
  readonly watermark: number
  readonly isIdle: boolean
}

/**
 * `received`: in the channel, the receiver saves it · `sent`: before the channel, the sender does ·
 * `sink`: waiting for the writer of a sink
 */
export type ChannelPart = 'received' | 'sent' | 'sink'
export const CHANNEL_PARTS: readonly ChannelPart[] = ['received', 'sent', 'sink']

/** What was copied out of a channel at a cut, or before it. */
export interface CapturedChannel {
  readonly input: ChannelInput
  readonly from: number
  readonly to: number
  readonly part: ChannelPart
  /** Of `received`. */
  readonly base: ChannelBase | undefined
  readonly frames: readonly Frame[]
}

export const ELEMENT_RECORD = 0
export const ELEMENT_RECORD_IN_TIME = 1
export const ELEMENT_WATERMARK = 2
export const ELEMENT_IDLE = 3
const ELEMENT_ACTIVE = 4

/** Entries of captured channels, and what the checkpoint says of them. */
export interface InFlight {
  readonly entries: readonly OperatorStateEntry[]
  readonly bytes: number
  /** Ids of the nodes the records were on their way to, ascending. */
  readonly nodes: readonly number[]
}

/** Makes entries of frames, so many records at a time. */
export async function encodeInFlight(
  captured: readonly CapturedChannel[],
  pause: () => Promise<void>,
): Promise<InFlight> {
  const entries: OperatorStateEntry[] = []
  const nodes = new Set<number>()
  let bytes = 0
  let inSlice = 0
  for (const [number, channel] of captured.entries()) {
    const { operatorId, node } = channel.input
    const name = `${channel.part} ${number}`
    entries.push({ operatorId, kind: 'channel-data', name, value: describe(channel) })
    nodes.add(node)
    const gathered = new ByteWriter(ENTRY_BYTES)
    const seal = (): void => {
      if (gathered.length === 0) return
      entries.push({ operatorId, kind: 'channel-data', name, value: gathered.copy() })
      gathered.reset()
    }
    for (const element of elementsOf(channel)) {
      gathered.block(element)
      bytes += element.length
      if (gathered.length >= ENTRY_BYTES) seal()
      if (++inSlice % RECORDS_PER_SLICE === 0) await pause()
    }
    seal()
  }
  return { entries, bytes, nodes: [...nodes].toSorted((a, b) => a - b) }
}

/** The first entry of a channel. */
function describe({ input, from, to, part, base }: CapturedChannel): Uint8Array {
  const out = new ByteWriter()
  out.uint8(CHANNEL_PARTS.indexOf(part))
  out.varuint(input.node)
  out.varuint(input.edge)
  out.varuint(from)
  out.varuint(to)
  out.varuint(input.receivers)
  out.uint8(base === undefined ? 0 : 1)
  if (base !== undefined) {
    out.float64LE(base.watermark)
    out.uint8(base.isIdle ? 1 : 0)
  }
  out.string(JSON.stringify(input.type.schema))
  return out.copy()
}

/** Each element's bytes are good until the next one is asked for. */
function* elementsOf({ input, frames }: CapturedChannel): Generator<Uint8Array> {
  const out = new ByteWriter()
  let parts: Uint8Array[] = []
  for (const { type, bytes } of frames) {
    if (type === FRAME_FRAGMENT) parts.push(bytes)
    else if (type === FRAME_RECORDS) {
      // Without its last part a batch stays with the sender.
      const whole = parts.length === 0 ? bytes : Buffer.concat([...parts, bytes])
      parts = []
      yield* recordsOf(new ByteReader(whole), input, out)
    } else if (type === FRAME_WATERMARK) {
      out.reset()
      out.uint8(ELEMENT_WATERMARK)
      out.float64LE(new ByteReader(bytes).float64LE())
      yield out.view()
    } else if (type === FRAME_IDLE) {
      yield Uint8Array.of(bytes[0] === 1 ? ELEMENT_IDLE : ELEMENT_ACTIVE)
    }
    // The end of input is told again after a restore.
  }
}

function* recordsOf(
  frame: ByteReader,
  { type, key }: ChannelInput,
  out: ByteWriter,
): Generator<Uint8Array> {
  const keyBytes = new ByteWriter(64)
  while (frame.remaining > 0) {
    const head = frame.uint8()
    const timestamp = (head & FRAMED_TIMESTAMP) === 0 ? NO_TIMESTAMP : frame.float64LE()
    if ((head & FRAMED_HASH) !== 0) frame.int32LE() // found anew after a restore
    const value = type.read(frame)
    out.reset()
    if (timestamp === NO_TIMESTAMP) out.uint8(ELEMENT_RECORD)
    else {
      out.uint8(ELEMENT_RECORD_IN_TIME)
      out.float64LE(timestamp)
    }
    keyBytes.reset()
    if (key !== undefined) writeKeyOf(key, value, keyBytes)
    out.block(keyBytes.view())
    type.write(value, out)
    yield out.view()
  }
}

/** One without a key is there only because the operator's error policy is to tell it. */
function writeKeyOf({ select }: KeySelector, value: unknown, out: ByteWriter): void {
  try {
    writeKey(select(value), out)
  } catch {
    out.reset()
    writeKey(KEYLESS, out)
  }
}
