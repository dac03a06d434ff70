// What happens at the edges of a table's life: rows that were emptied before all was loaded, a
// backend that is closed while it opens, an element that is added again.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EntryStream } from '../../../src/state/backend.ts'
import { setState } from '../../../src/state/collection-descriptors.ts'
import type { SetState } from '../../../src/state/collection-handles.ts'
import { valueState } from '../../../src/state/descriptors.ts'
import { TableBackend } from '../../../src/state/table/table-backend.ts'
import { MemoryScratch } from '../../../src/storage/scratch-memory.ts'
import { routeHash } from '../../../src/types/keys.ts'
import { t } from '../../../src/types/t.ts'
import { lazily, runOf } from '../lazy/worlds.ts'
import { keysOf } from './timer-world.ts'

const context = {
  keyGroups: { start: 0, end: 0 },
  maxParallelism: 1,
  memoryBytes: 0,
  scratch: new MemoryScratch(),
  monotonic: () => 0,
}

test('rows emptied before or after a lazy restore has loaded them leave memory', async () => {
  const keys = keysOf(40)
  const run = await runOf((world) => {
    for (const key of keys) world.on(key, () => world.value.update(key))
  })
  const { world } = await lazily([run], { isInMemory: true })
  const [early, late] = [keys.slice(0, 10), keys.slice(10)]
  for (const key of early) world.on(key, () => world.value.clear())
  while (world.maintain()) continue
  for (const key of late) world.on(key, () => world.value.clear())
  world.table.deselect()
  assert.equal((await world.checkpoint()).length, 40)
  for (let times = 0; times < 2; times++) assert.deepEqual(await world.checkpoint(), [])
  assert.equal(world.backend.statistics.rows, 0)
  await world.close()
})

test('a backend that is closed while it is loaded is not opened by it', async () => {
  const backend = new TableBackend('tested', context)
  const states = [{ id: 1, name: 'held', kind: 'value', type: t.float64.schema }] as const
  backend.register({
    record: { id: 1, uid: 'a', states },
    keyType: t.string,
    descriptors: { held: valueState(t.float64) },
  })
  const restore: EntryStream = {
    // oxlint-disable-next-line require-yield -- it holds nothing
    async *[Symbol.asyncIterator]() {
      await backend.close()
    },
  }
  await assert.rejects(backend.open(restore), { code: 'STATE_CLOSED' })
  assert.throws(() => backend.cut(), { code: 'STATE_CLOSED' })
})

test('an element that is added again lives anew from then on', async () => {
  let now = 1000
  const backend = new TableBackend('tested', { ...context, processingTime: () => now })
  const states = [{ id: 1, name: 'seen', kind: 'set', type: t.string.schema }] as const
  const table = backend.register({
    record: { id: 1, uid: 'a', states },
    keyType: t.string,
    descriptors: { seen: setState(t.string, { ttl: '160 ms' }) },
  })
  await backend.open()
  const seen = table.handles['seen'] as SetState<string> // declared above
  table.select('a', routeHash('a'))
  for (const element of ['once', 'twice']) seen.add(element)
  now = 1100
  seen.add('twice')
  now = 1200
  assert.deepEqual([seen.has('once'), seen.has('twice')], [false, true])
  now = 1260
  assert.equal(seen.has('twice'), false)
  await backend.close()
})
