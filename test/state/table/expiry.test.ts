// The clock and rule of a state with a time to live: when an entry is over, when to look again, and
// what onExpire is told.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TimerTable } from '../../../src/state/backend.ts'
import { Expiry, isMark, Life, markOf, type Mortal } from '../../../src/state/table/expiry.ts'
import { type StateTtl, ttlOf } from '../../../src/state/ttl.ts'

const START_MS = -1e300

/** A state with id 7 that lives for 160 ms unless said otherwise, and what it has asked for. */
function lifeOf(declared: Partial<StateTtl> = {}, clock: { now?: number } = { now: 1000 }) {
  const { ttl } = ttlOf('state', { ttl: { after: 160, ...declared } })
  assert.ok(ttl !== undefined)
  const registered: unknown[] = []
  const timers = {
    currentWatermark: 500,
    currentProcessingTime: 2000,
    register: (...of: readonly unknown[]) => registered.push(of.join(' ')),
  } as unknown as TimerTable // nothing else is asked of it
  const { now } = clock
  const processingTime = now === undefined ? undefined : () => now
  const expiry = new Expiry()
  const life = new Life(ttl, 7, { timers, currentKey: () => 'ann', processingTime }, expiry)
  const swept: unknown[] = []
  const state: Mortal = {
    life,
    sweep: (markedAt) => swept.push(markedAt),
    sweepBare: () => swept.push('bare'),
  }
  expiry.add(state)
  return { life, expiry, registered, swept, timers }
}

test('an entry is over when its whole life has passed since the touch, not a moment before', () => {
  const { life } = lifeOf()
  assert.deepEqual(
    [839, 840, 841, 0, -1].map((stampMs) => [life.isExpired(stampMs), life.hides(stampMs)]),
    [
      [true, true],
      [true, true],
      [false, false],
      [true, true],
      [false, false],
    ],
  )
  const { life: lenient } = lifeOf({ visibility: 'return-if-not-cleaned-up' })
  assert.deepEqual([lenient.isExpired(840), lenient.hides(840)], [true, false])
})

test('a touch is stamped by the clock that is declared, from 0 on', () => {
  assert.equal(lifeOf().life.now(), 1000)
  assert.equal(lifeOf({}, {}).life.now(), 2000)
  assert.equal(lifeOf({ time: 'event-time' }).life.now(), 500)
  assert.equal(lifeOf({}, { now: 7.9 }).life.now(), 7)
  assert.equal(lifeOf({}, { now: -5 }).life.now(), 0)
  assert.equal(lifeOf({}, { now: 1e300 }).life.now(), 2 ** 52)
  const { life, timers } = lifeOf({ time: 'event-time' })
  Object.assign(timers, { currentWatermark: Number.NEGATIVE_INFINITY })
  assert.equal(life.now(), -1)
})

test('marks are set at sixteenths of a life, and not again while an earlier one is known', () => {
  const { life, registered } = lifeOf()
  assert.equal(life.mark(1000, 0), 1160)
  assert.equal(life.mark(1001, 0), 1170)
  assert.equal(life.mark(1001, 1160), 1160)
  assert.equal(life.mark(1010, 1170), 1170)
  assert.equal(life.mark(990, 1170), 1150)
  assert.equal(life.mark(-1, 1170), 1170)
  life.markNow()
  const check = '\0ttl check 7'
  assert.deepEqual(registered, [
    `processing-time 1160 ${check}`,
    `processing-time 1170 ${check}`,
    `processing-time 1150 ${check}`,
    `processing-time ${START_MS} \0ttl bare 7`,
    `processing-time ${START_MS} ${check}`,
  ])
  const short = lifeOf({ after: 15 })
  assert.equal(short.life.mark(3, 0), 18)
  const event = lifeOf({ time: 'event-time', after: 32 })
  assert.equal(event.life.mark(1, 0), 34)
  assert.deepEqual(event.registered, [`event-time 34 ${check}`])
})

test('what has no stamp lives once from the first time that the clock shows', () => {
  const { life, registered } = lifeOf({ after: 163 })
  assert.equal(life.bareIsOver(START_MS), false)
  assert.deepEqual(registered, ['processing-time 1170 \0ttl bare 7'])
  assert.equal(life.bareIsOver(1170), true)
  assert.equal(registered.length, 1)
  const { life: ended, registered: none } = lifeOf({}, { now: Number.POSITIVE_INFINITY })
  assert.deepEqual([ended.bareIsOver(START_MS), none], [true, []])
})

test('a mark that fires has its state looked through; names of users do nothing', () => {
  const { expiry, swept, registered } = lifeOf()
  expiry.fire('\0ttl check 7', 1160)
  expiry.fire('\0ttl bare 7', START_MS)
  assert.equal(registered.length, 1)
  expiry.fire('\0ttl bare 7', 1160)
  expiry.fire('\0ttl check 8', 1160)
  expiry.fire('ttl check 7', 1160)
  expiry.fire('', 1160)
  assert.deepEqual(swept, [1160, 'bare'])
  assert.deepEqual([expiry.isNeeded, new Expiry().isNeeded], [true, false])
  assert.deepEqual([expiry.lifeOf(8), expiry.lifeOf(7)?.stateId], [undefined, 7])
  assert.deepEqual(['', 'close', '\0', '\0ttlx', '\0ttl check 1', 'x\0ttl '].map(isMark), [
    false,
    false,
    false,
    false,
    true,
    false,
  ])
  assert.deepEqual(markOf('\0ttl bare 12'), { stateId: 12, isBare: true })
  assert.deepEqual(markOf('\0ttl check 3'), { stateId: 3, isBare: false })
  assert.equal(markOf('close'), undefined)
})

test('onExpire learns of the entry, its touch and when it was over', () => {
  const told: unknown[] = []
  const onExpire: StateTtl['onExpire'] = (value, { key, mapKey, lastTouch, expiredAt }) => {
    told.push([value, { key, mapKey, lastTouch, expiredAt }])
  }
  const { life, expiry } = lifeOf({ onExpire })
  life.tell('one', 700)
  life.tell('two', -1, 'map key')
  life.tell('three', 0)
  const about = { key: 'ann', mapKey: undefined }
  assert.deepEqual(told, [
    ['one', { ...about, lastTouch: 700, expiredAt: 860 }],
    ['two', { ...about, mapKey: 'map key', lastTouch: undefined, expiredAt: 1000 }],
    ['three', { ...about, lastTouch: 0, expiredAt: 160 }],
  ])
  assert.equal(expiry.expired, 3)
  lifeOf().life.tell('nobody', 1)
})

test('what onExpire emits bears the time of its end in event time, and none otherwise', () => {
  for (const [time, timestamp] of [
    ['event-time', 860],
    ['processing-time', undefined],
  ] as const) {
    const { life, expiry } = lifeOf({
      time,
      // Of a tag nothing is asked here but to be handed on.
      onExpire: (value, { output }) =>
        output({ name: 'gone' } as Parameters<typeof output>[0], value),
    })
    assert.throws(() => life.tell('early', 700), { code: 'JOB_GRAPH_INVALID' })
    const emitted: unknown[] = []
    expiry.output = (tag, value, at) => emitted.push([tag.name, value, at])
    life.tell('value', 700)
    assert.deepEqual(emitted, [['gone', 'value', timestamp]])
  }
})

test('an onExpire that returns a promise is refused', () => {
  const later = lifeOf({ onExpire: () => Promise.resolve() as unknown as void })
  assert.throws(() => later.life.tell('value', 1), { code: 'JOB_ASYNC_FUNCTION' })
  for (const given of [null, {}, 'then', undefined]) {
    lifeOf({ onExpire: () => given }).life.tell('value', 1)
  }
})

test('a time to live is refused if it is none, and has the defaults that are promised', () => {
  const resolved = (ttl: StateTtl | string) => ttlOf('state', { ttl } as { ttl: StateTtl }).ttl
  assert.deepEqual(
    { ...resolved('2 s') },
    {
      afterMs: 2000,
      renewsOnRead: false,
      returnsExpired: false,
      domain: 'processing-time',
      onExpire: undefined,
    },
  )
  const all = resolved({
    after: 1.9,
    update: 'on-read-and-write',
    visibility: 'return-if-not-cleaned-up',
    time: 'event-time',
  })
  const { afterMs, renewsOnRead, returnsExpired, domain } = all ?? {}
  assert.deepEqual([afterMs, renewsOnRead, returnsExpired, domain], [1, true, true, 'event-time'])
  const usual = { update: 'on-create-and-write', visibility: 'never-return-expired' } as const
  assert.equal(resolved({ after: 1, ...usual, time: 'processing-time' })?.renewsOnRead, false)
  assert.deepEqual([ttlOf('state'), ttlOf('state', {})], [{}, {}])
  for (const wrong of [
    { after: 0 },
    { after: 0.5 },
    { after: 1, update: 'x' },
    { after: 1, visibility: 'x' },
    { after: 1, time: 'x' },
    { after: 1, onExpire: 'x' },
  ]) {
    // As a user without types might write it.
    assert.throws(() => resolved(wrong as unknown as StateTtl), { code: 'CONFIG_INVALID' })
  }
})
