/**
 * Records in flight come back: each task finds those that are for its nodes, at whatever
 * parallelism and in whatever chain, and takes them before any new input. A channel of the former
 * job counts as one here too: its records keep their order, and its watermark is its own.
 */
import type { InFlightRestore } from '../checkpoint/messages.ts'
import { MillraceError } from '../errors.ts'
import type { Edge, GraphNode, SinkNode, Vertex } from '../graph/job-graph.ts'
import { MIN_WATERMARK, NO_TIMESTAMP } from '../operators/operator.ts'
import { intersect, keyGroupOf, keyGroupRangeOf, subtaskOf } from '../state/key-groups.ts'
import { readRecords } from '../state/runs/snapshot-reader.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { readKey, routeHash } from '../types/keys.ts'
import { required } from '../util/assert.ts'
import { ByteReader } from '../util/bytes.ts'
import {
  CHANNEL_PARTS,
  type ChannelBase,
  type ChannelPart,
  ELEMENT_IDLE,
  ELEMENT_RECORD,
  ELEMENT_RECORD_IN_TIME,
  ELEMENT_WATERMARK,
} from './exchange/in-flight.ts'

/** A channel of the former job with what was in it, in order. */
export interface RestoredChannel {
  /** Id in the present plan. */
  readonly node: number
  readonly edge: number
  readonly from: number
  readonly to: number
  readonly receivers: number
  readonly part: ChannelPart
  readonly base: ChannelBase
  /** Of the values, as JSON text. */
  readonly schema: string
  /** Many in each, one after the other with their lengths. */
  readonly elements: readonly Uint8Array[]
}

export interface RestoredRecord {
  readonly value: unknown
  readonly timestamp: number
}

/** An element of a channel: a record for this subtask, or a change of time. */
export type RestoredElement =
  | ({ readonly kind: 'record' } & RestoredRecord)
  | { readonly kind: 'watermark'; readonly watermark: number }
  | { readonly kind: 'idle'; readonly isIdle: boolean }

const UNKNOWN: ChannelBase = { watermark: MIN_WATERMARK, isIdle: false }

/** Reads all channels; what the senders had left comes after what was in the channel. */
async function readInFlight(
  store: BlobStore,
  restore: InFlightRestore | undefined,
): Promise<readonly RestoredChannel[]> {
  const channels = new Map<string, RestoredChannel>()
  const { records = [], nodes = [] } = restore ?? {}
  const now = new Map(nodes.map((node) => [node.former, node.now]))
  const found = (await Promise.all(records.map((run) => channelsOf(store, run)))).flat()
  const inOrder = [...found].toSorted((a, b) => partOf(a) - partOf(b))
  for (const channel of inOrder) {
    const node = now.get(channel.node)
    if (node === undefined) continue // its operator was dropped
    const key = `${node} ${channel.edge} ${channel.from} ${channel.to} ${channel.part === 'sink'}`
    const before = channels.get(key)
    const elements = [...(before?.elements ?? []), ...channel.elements]
    channels.set(key, { ...(before ?? channel), node, elements })
  }
  return [...channels.values()]
}

function partOf({ part }: RestoredChannel): number {
  return CHANNEL_PARTS.indexOf(part)
}

async function channelsOf(
  store: BlobStore,
  run: InFlightRestore['records'][number],
): Promise<readonly RestoredChannel[]> {
  const byName = new Map<string, Uint8Array[]>()
  for (const { kind, name, value } of await readRecords(store, run)) {
    if (kind !== 'channel-data') continue
    const values = byName.get(name)
    if (values === undefined) byName.set(name, [value])
    else values.push(value)
  }
  return [...byName.values()].map(([head, ...elements]) => {
    return { ...readChannelHead(required(head, 'a channel without its first entry')), elements }
  })
}

/** The first entry of a channel. Throws `STORAGE_CORRUPT`. */
export function readChannelHead(bytes: Uint8Array): Omit<RestoredChannel, 'elements'> {
  const input = new ByteReader(bytes)
  const part = CHANNEL_PARTS[input.uint8()]
  if (part === undefined) throw new MillraceError('STORAGE_CORRUPT', 'no part of a channel')
  const node = input.varuint()
  const edge = input.varuint()
  const from = input.varuint()
  const to = input.varuint()
  const receivers = input.varuint()
  const hasBase = input.uint8() === 1
  const base = hasBase ? { watermark: input.float64LE(), isIdle: input.uint8() === 1 } : UNKNOWN
  return { node, edge, from, to, receivers, part, base, schema: input.string() }
}

export interface SubtaskPlace {
  readonly subtaskIndex: number
  readonly parallelism: number
  readonly maxParallelism: number
}

/** What was in flight to the nodes of a vertex and concerns one of its subtasks. */
export async function inFlightOf(
  { nodes }: Vertex,
  place: SubtaskPlace,
  store: BlobStore,
  restore: InFlightRestore | undefined,
): Promise<readonly RestoredChannel[]> {
  const all = await readInFlight(store, restore)
  return all.filter((channel) => {
    const node = nodes.find(({ id }) => id === channel.node)
    return node !== undefined && concerns(channel, node, place)
  })
}

/** Values that waited for the writer of a sink. */
export function waitingFor(
  { id, inputs, outputType, label }: SinkNode,
  channels: readonly RestoredChannel[],
  place: SubtaskPlace,
): readonly RestoredRecord[] {
  const type = inputs[0]?.type ?? outputType
  return channels
    .filter((channel) => channel.node === id && channel.part === 'sink')
    .flatMap((channel) => [...elementsFor(channel, { type }, place, label)])
    .filter((element) => element.kind === 'record')
}

/** Whether any of a channel concerns a subtask of its node. */
function concerns(
  { to, receivers }: RestoredChannel,
  node: GraphNode,
  { subtaskIndex, parallelism, maxParallelism }: SubtaskPlace,
): boolean {
  const isKeyed = node.kind === 'operator' && node.key !== undefined
  if (!isKeyed) return to % parallelism === subtaskIndex
  const former = keyGroupRangeOf(to, maxParallelism, receivers)
  return intersect(former, keyGroupRangeOf(subtaskIndex, maxParallelism, parallelism)) !== undefined
}

/** The elements of a channel that are for a subtask, decoded one by one. */
export function* elementsFor(
  channel: RestoredChannel,
  { type }: Pick<Edge, 'type'>,
  { subtaskIndex, parallelism, maxParallelism }: SubtaskPlace,
  label: string,
): Generator<RestoredElement> {
  requireEqualType(channel, type.schema, label)
  const input = new ByteReader(new Uint8Array(0))
  for (const element of eachOf(channel.elements)) {
    const kind = input.reset(element).uint8()
    if (kind === ELEMENT_WATERMARK) yield { kind: 'watermark', watermark: input.float64LE() }
    else if (kind === ELEMENT_RECORD || kind === ELEMENT_RECORD_IN_TIME) {
      const timestamp = kind === ELEMENT_RECORD ? NO_TIMESTAMP : input.float64LE()
      const key = input.block()
      if (key.length > 0) {
        const group = keyGroupOf(routeHash(readKey(new ByteReader(key))), maxParallelism)
        if (subtaskOf(group, maxParallelism, parallelism) !== subtaskIndex) continue
      }
      yield { kind: 'record', value: type.read(input), timestamp }
    } else yield { kind: 'idle', isIdle: kind === ELEMENT_IDLE }
  }
}

function* eachOf(entries: readonly Uint8Array[]): Generator<Uint8Array> {
  for (const entry of entries) {
    const input = new ByteReader(entry)
    while (input.remaining > 0) yield input.block()
  }
}

function requireEqualType({ schema }: RestoredChannel, now: unknown, label: string): void {
  if (schema === JSON.stringify(now)) return
  const message =
    `the checkpoint holds records on their way to ${label} of type ${schema}, ` +
    `which is now ${JSON.stringify(now)}`
  throw new MillraceError('CHECKPOINT_INCOMPATIBLE', message, {
    cure:
      'run the former code once more and stop it with `millrace stop --savepoint`: ' +
      'nothing is in flight then',
    details: { operator: label },
  })
}
