// All senders and receivers of one edge in one thread, joined by real rings.
import assert from 'node:assert/strict'
import type { Edge } from '../../../src/graph/job-graph.ts'
import type { Aligned } from '../../../src/runtime/exchange/gate-host.ts'
import { ExchangeOutput } from '../../../src/runtime/exchange/exchange-output.ts'
import type { ChannelInput } from '../../../src/runtime/exchange/in-flight.ts'
import { InputGate } from '../../../src/runtime/exchange/input-gate.ts'
import { LocalChannel } from '../../../src/runtime/exchange/local-channel.ts'
import { createRing, RingReader, RingWriter } from '../../../src/runtime/exchange/ring.ts'
import { MemoryScratch } from '../../../src/storage/scratch-memory.ts'
import { dynamicType } from '../../../src/types/dynamic.ts'
import { Recorder, silentBell } from '../doubles.ts'

const type = dynamicType<unknown>()
const place = { node: 1, edge: 0, operatorId: 1 }
export const MAX_PARALLELISM = 128

export interface ExchangeSetup {
  readonly senders: number
  readonly receivers: number
  readonly partitioning?: Edge['partitioning']
  readonly key?: (value: unknown) => unknown
  readonly ringBytes?: number
  readonly memoryBytesMax?: number
  /** Receivers find keys as senders do, and note the hashes that they are told. */
  readonly takesHashes?: boolean
  /** Both ends of the lane between subtasks of the same number are in one worker. */
  readonly isLocal?: boolean
}

class HashRecorder extends Recorder {
  readonly hashes: number[] = []

  collectHashed(value: unknown, timestamp: number, hash: number): void {
    this.hashes.push(hash)
    this.collect(value, timestamp)
  }
}

/** All senders and receivers of one edge, joined by rings. */
export function exchangeOf(setup: ExchangeSetup) {
  const { senders, receivers, partitioning = 'rebalance', key } = setup
  const { ringBytes = 4096, memoryBytesMax = 1024, takesHashes = false, isLocal = false } = setup
  const selector = key === undefined ? undefined : { select: key, type }
  const edge: Edge = { from: 0, tag: undefined, input: 0, partitioning, key: selector, type }
  const input: ChannelInput = { ...place, receivers, type, key: edge.key }
  const rings = Array.from({ length: senders }, () =>
    Array.from({ length: receivers }, () => createRing(ringBytes)),
  )
  const locals = rings.map(() => {
    const isHashed = partitioning === 'hash'
    return new LocalChannel({ type, isHashed, capacityBytes: ringBytes, doorbell: silentBell })
  })
  const localOf = (from: number, to: number) => (isLocal && from === to ? locals[from] : undefined)
  const scratches = rings.map(() => new MemoryScratch())
  const outputs = rings.map(
    (lanes, subtaskIndex) =>
      new ExchangeOutput({
        edge,
        input,
        maxParallelism: MAX_PARALLELISM,
        subtaskIndex,
        channels: lanes
          .map((ring, to) => localOf(subtaskIndex, to) ?? new RingWriter(ring, silentBell))
          .filter((_, to) => partitioning !== 'forward' || to === subtaskIndex),
        scratch: scratches[subtaskIndex] as MemoryScratch,
        name: `edge-${subtaskIndex}`,
        label: 'totals',
        memoryBytesMax,
        sendsKeyless: false,
      }),
  )
  const gates = Array.from({ length: receivers }, (_, receiver) => {
    const records = new HashRecorder()
    const aligned: Aligned[] = []
    const host = { blocked: false, aligns: true, beforeRecord: () => undefined as void, nowMs: 0 }
    const gate = new InputGate(
      rings
        .filter((_, sender) => partitioning !== 'forward' || sender === receiver)
        .map((lanes, sender) => ({
          sender: `sender[${sender}]`,
          reader:
            localOf(sender, receiver) ??
            new RingReader(lanes[receiver] as SharedArrayBuffer, silentBell),
          type,
          output: records,
          takesHashes,
          input,
          from: sender,
          to: receiver,
          isBroadcast: partitioning === 'broadcast',
        })),
      {
        isBlocked: () => {
          host.beforeRecord()
          return host.blocked
        },
        aligned: (each) => {
          aligned.push(each)
          records.events.push(`barrier ${each.barrier.checkpointId}`)
        },
        aligns: () => host.aligns,
        finish: () => undefined,
        monotonic: () => host.nowMs,
      },
    )
    return { gate, records, aligned, host }
  })
  return { outputs, gates, scratches, settle: () => settle(outputs, gates) }
}

/** Until nothing moves any more. */
function settle(outputs: readonly ExchangeOutput[], gates: readonly { gate: InputGate }[]): void {
  for (let moved = true; moved;) {
    moved = false
    for (const output of outputs) if (output.pump()) moved = true
    for (const { gate } of gates) if (gate.step(1_000)) moved = true
  }
}

export function single(setup: Partial<ExchangeSetup> = {}) {
  const exchange = exchangeOf({ senders: 1, receivers: 1, ...setup })
  const [output] = exchange.outputs
  const [receiver] = exchange.gates
  const [scratch] = exchange.scratches
  assert.ok(output !== undefined && receiver !== undefined && scratch !== undefined)
  return { ...exchange, output, ...receiver, scratch }
}
