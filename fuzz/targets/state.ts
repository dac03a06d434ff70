// State as it is restored into tables by a job that declares it, and types made of Avro schemas.
import { Buffer } from 'node:buffer'
import { avroType } from '../../src/avro/index.ts'
import type { Entry } from '../../src/state/backend.ts'
import { hashmap } from '../../src/state/hashmap/index.ts'
import { compareBytes } from '../../src/state/runs/entry.ts'
import { type BackendSuite, World } from '../../src/testing/conformance/backend-world.ts'
import { ByteReader, ByteWriter } from '../../src/util/bytes.ts'
import { type FuzzTarget, json, utf8 } from '../lib/target.ts'

const SUITE: BackendSuite = {
  name: 'hashmap',
  choose: () => hashmap(),
  test: () => undefined,
  evicts: false,
}

async function filled(): Promise<readonly Entry[]> {
  const world = await World.open(SUITE)
  for (const key of ['a', 5, null]) {
    world.on(key, ({ value, count, list, map, largest, all, ...more }) => {
      value.update({ x: key })
      count.update(3)
      list.add('one')
      list.add({ two: 2 })
      map.set('k', [1])
      largest.add(7)
      all.add(1)
      more.sorted.set(1, 'first')
      more.set.add('s')
      more.deque.pushLast('d')
      more.counter.add(2)
    })
    world.table.timers.register('event-time', 1_000, 'close', 1.5)
    world.table.timers.register('processing-time', 2_000, 'wake', { why: key })
  }
  const run = await world.checkpoint()
  await world.close()
  return run
}

const run = await filled()

/** Entries, each key and value behind its length; in order, as those of runs are. */
const restore: FuzzTarget = {
  name: 'state-restore',
  decodes: 'entries as a job restores them (src/state/table/restore.ts, entry-codec.ts)',
  codes: ['STORAGE_CORRUPT', 'CHECKPOINT_INCOMPATIBLE', 'TYPE_MISMATCH'],
  isAsync: true,
  // Of a table with all kinds of state.
  bufferBytesMax: 8 << 20,
  *seeds() {
    for (let from = 0; from < run.length; from += 8) {
      const out = new ByteWriter()
      for (const { key, value } of run.slice(from, from + 8)) {
        out.block(key)
        out.block(value)
      }
      yield out.copy()
    }
  },
  async decode(input) {
    const reader = new ByteReader(input)
    const entries: Entry[] = []
    while (reader.remaining > 0) entries.push({ key: reader.block(), value: reader.block() })
    const sorted = entries
      .filter(({ key, value }) => key.length >= 5 && value.length > 0)
      .toSorted((a, b) => compareBytes(a.key, b.key))
    const world = await World.open(SUITE, { restore: [sorted] })
    try {
      const keys = Array.from(world.table.keys(), ({ key }) => key)
      return [keys.map((key) => held(world, key)), [...world.table.timers.pending()].length]
    } finally {
      await world.close()
    }
  },
}

/** What a key has; its aggregate is left out, whose accumulator is the function's own matter. */
function held(world: World, key: unknown): unknown {
  return world.on(key, ({ value, count, list, map, largest, ...more }) => [
    [value.value(), count.value(), list.get(), [...map], largest.get()],
    [[...more.sorted], [...more.set], [...more.deque], more.counter.value()],
  ])
}

/** A schema, a line feed, and a value of it. */
const avro: FuzzTarget = {
  name: 'avro',
  decodes: 'Avro schemas, and values of them (src/avro)',
  codes: ['TYPE_INVALID', 'STORAGE_CORRUPT'],
  seeds() {
    const record = {
      type: 'record',
      name: 'a.Order',
      fields: [
        { name: 'id', type: 'long', aliases: ['nr'] },
        { name: 'note', type: ['null', 'string'], default: null },
        { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['A', 'B'], default: 'A' } },
        { name: 'hash', type: { type: 'fixed', name: 'Hash', size: 4 } },
        { name: 'tags', type: { type: 'map', values: { type: 'array', items: 'Kind' } } },
        { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
      ],
    }
    const out = new ByteWriter()
    avroType<unknown>(JSON.stringify(record)).write(
      {
        id: 1,
        note: null,
        kind: 'B',
        hash: Uint8Array.of(1, 2, 3, 4),
        tags: new Map([['x', ['A']]]),
        at: 5,
      },
      out,
    )
    return [
      Buffer.concat([json(record), utf8('\n'), out.copy()]),
      utf8('["int","string",{"type":"array","items":"double"}]\n\u0000\u0002\u0000\u0000\u0000'),
    ]
  },
  decode(input) {
    const end = input.indexOf(10) < 0 ? input.length : input.indexOf(10)
    const type = avroType<unknown>(input.toString('utf8', 0, end))
    return type.read(new ByteReader(input, Math.min(end + 1, input.length)))
  },
}

export const stateTargets: readonly FuzzTarget[] = [restore, avro]
