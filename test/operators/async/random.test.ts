// Asynchronous calls in random order, with snapshots and restores at random moments: every record
// gives its result once, in the order that was promised, and watermarks keep their places.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SeededRandom, systemRandom } from '../../../src/util/random.ts'
import { asyncWorld } from './world.ts'

const RECORDS = 300
const seed = Number(process.env['SEED'] ?? systemRandom().uint32())

type Event = number | { readonly watermark: number }
type World = ReturnType<typeof asyncWorld>

async function runOnce(random: SeededRandom, ordered: boolean): Promise<readonly Event[]> {
  const capacity = 1 + random.int(8)
  const made = () => asyncWorld({ ordered, capacity })
  const emitted: Event[] = []
  let world: World = made()
  let told = Number.NEGATIVE_INFINITY
  let record = 0
  const open = new Set<number>()
  /** What a crash takes back: everything since the snapshot. */
  let saved = { entries: world.operator.snapshotState(), emitted: 0, record: 0, told }
  const take = (): void => {
    for (const event of world.output.all.splice(0)) emitted.push(event as Event)
  }
  while (record < RECORDS || world.operator.hasPending) {
    const what = random.int(20)
    if (what < 9 && record < RECORDS && !world.operator.isFull) {
      world.operator.processElement(record, record)
      record++
    } else if (what === 9) {
      told = record - 1
      world.operator.processWatermark(told)
    } else if (what === 10) {
      take()
      const entries = world.operator.snapshotState()
      saved = { entries, emitted: emitted.length, record, told }
    } else if (what === 11 && random.int(3) === 0) {
      world.operator.close()
      world = made()
      emitted.length = saved.emitted
      record = saved.record
      told = saved.told
      world.operator.restoreWatermark(told)
      world.operator.restoreState(saved.entries)
      world.operator.open()
      if (told >= 0) world.operator.processWatermark(told)
      open.clear()
    } else {
      const waiting = world.calls.filter(({ value }) => !open.has(value as number))
      const call = waiting[random.int(waiting.length)]
      if (call !== undefined) {
        open.add(call.value as number)
        call.answer(call.value)
      }
      let room = random.int(4)
      await world.step(() => room-- > 0)
    }
    take()
  }
  world.operator.close()
  return emitted
}

function assertPlaces(events: readonly Event[], ordered: boolean): void {
  const values = events.filter((event) => typeof event === 'number')
  assert.deepEqual(
    values.toSorted((a, b) => a - b),
    Array.from({ length: RECORDS }, (_, index) => index),
  )
  if (ordered)
    assert.deepEqual(
      values,
      values.toSorted((a, b) => a - b),
    )
  let watermark = Number.NEGATIVE_INFINITY
  let seen = 0
  for (const event of events) {
    if (typeof event === 'number') {
      assert.ok(event > watermark, `${event} after watermark ${watermark}`)
      seen++
    } else {
      assert.ok(event.watermark >= watermark, 'a watermark goes back')
      watermark = event.watermark
      assert.ok(seen >= watermark + 1, `watermark ${watermark} after ${seen} records`)
    }
  }
}

for (const ordered of [true, false]) {
  describe(`asynchronous calls, ${ordered ? 'ordered' : 'unordered'}, seed ${seed}`, () => {
    it('keep what is promised, however they are answered and restored', async () => {
      const random = new SeededRandom(seed)
      for (let round = 0; round < 12; round++) {
        assertPlaces(await runOnce(random, ordered), ordered)
      }
    })
  })
}
