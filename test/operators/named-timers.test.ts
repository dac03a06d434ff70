// Declared timers as functions use them: set, replaced, deleted, listed, cleared, fired with what
// they carry; rounded, spread after a restore; what is refused.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { eventTimer, job, keyedProcess, processingTimer, t, type TimerSchema } from 'millrace'
import { hashmap } from 'millrace/hashmap'
import { rocksdb, rocksdbIsAvailable } from 'millrace/rocksdb'
import { collection } from 'millrace/connectors'
import { jobHarness, keyedHarness } from 'millrace/testing'
import { print } from '../../src/connectors/print.ts'
import { asJob } from '../../src/graph/job.ts'

type Command = readonly [what: string, at?: number, more?: string]

const sessions = keyedProcess({
  key: t.string,
  input: t.dynamic<Command>(),
  output: t.string,
  timers: {
    close: eventTimer(t.struct({ reason: t.string })),
    retry: processingTimer(),
    tick: eventTimer({ coalesce: '1 s' }),
    note: processingTimer(t.optional(t.bytes)),
  },
  processElement([what, at = 0, more = ''], { timers }, out) {
    if (what === 'close') timers.close.set(at, { reason: more })
    else if (what === 'open') timers.close.delete(at)
    else if (what === 'retry') timers.retry.set(at)
    else if (what === 'tick') timers.tick.set(at)
    else if (what === 'untick') timers.tick.delete(at)
    else if (what === 'note') timers.note.set(at, more === '' ? undefined : Buffer.from(more))
    else if (what === 'plain') timers.registerEventTimeTimer(at)
    else if (what === 'clear') timers.close.clear()
    else if (what === 'list') {
      const list = timers.close.list().map(({ at: time, payload }) => `${time} ${payload.reason}`)
      const ticks = timers.tick.list().map(({ at: time }) => time)
      out.collect(`close: ${list.join(', ')}; tick: ${ticks.join()}`)
    }
  },
  onTimer(at, ctx, out) {
    if (ctx.timerName === 'close') out.collect(`${ctx.currentKey} ${at} ${ctx.payload.reason}`)
    else if (ctx.timerName === 'note') {
      out.collect(`${ctx.currentKey} ${at} ${String(ctx.payload)} ${ctx.timeDomain}`)
    } else out.collect(`${ctx.currentKey} ${at} ${ctx.timerName}|${String(ctx.payload)}`)
  },
})

const backends = [
  { name: 'hashmap', isThere: true, create: hashmap },
  { name: 'rocksdb', isThere: rocksdbIsAvailable(), create: rocksdb },
]
const HOUR = 3_600_000
/** In the year 2096. */
const FAR = 4e12

for (const { name, isThere, create } of backends) {
  describe(`named timers on ${name}`, { skip: isThere ? false : 'not available' }, () => {
    const open = (options = {}) => keyedHarness(sessions, { backend: create(), ...options })

    it('fire once with what they carry, in order of time', async () => {
      await using harness = await open()
      harness.processElement('a', ['close', 30, 'idle'])
      harness.processElement('a', ['close', 10, 'end'])
      harness.processElement('a', ['plain', 20])
      harness.processElement('b', ['note', 5, 'x'])
      harness.processElement('b', ['note', 6])
      assert.deepEqual(harness.pendingTimers(), { close: 2, '': 1, note: 2 })
      harness.processWatermark(20)
      assert.deepEqual(harness.output, ['a 10 end', 'a 20 |undefined'])
      harness.processWatermark(100)
      harness.advanceProcessingTime('1 s')
      assert.deepEqual(harness.output.slice(2), [
        'a 30 idle',
        'b 5 120 processing-time',
        'b 6 undefined processing-time',
      ])
      assert.deepEqual(harness.pendingTimers(), {})
    })

    it('are one per time; setting one again replaces its payload', async () => {
      await using harness = await open()
      harness.processElement('a', ['close', 10, 'first'])
      const before = await harness.snapshot()
      harness.processElement('a', ['close', 10, 'second'])
      harness.processElement('b', ['close', 10, 'other key'])
      harness.processElement('a', ['list'])
      const after = await harness.snapshot()
      harness.processWatermark(10)
      const fired = ['a 10 second', 'b 10 other key']
      assert.deepEqual(harness.output[0], 'close: 10 second; tick: ')
      assert.deepEqual(harness.output.slice(1).toSorted(), fired)
      await using early = await open({ restore: before })
      early.processWatermark(10)
      assert.deepEqual(early.output, ['a 10 first'])
      await using late = await open({ restore: after })
      late.processWatermark(10)
      assert.deepEqual([...late.output].toSorted(), fired)
    })

    it('are listed by time, deleted and cleared, of the current key only', async () => {
      await using harness = await open()
      for (const at of [30, 10, 20, 40]) harness.processElement('a', ['close', at, `r${at}`])
      harness.processElement('b', ['close', 10, 'b'])
      harness.processElement('a', ['open', 20])
      harness.processElement('a', ['open', 21])
      harness.processElement('a', ['list'])
      assert.equal(harness.output.at(-1), 'close: 10 r10, 30 r30, 40 r40; tick: ')
      await using restored = await open({ restore: await harness.snapshot() })
      restored.processElement('a', ['list'])
      assert.equal(restored.output.at(-1), 'close: 10 r10, 30 r30, 40 r40; tick: ')
      restored.processElement('a', ['clear'])
      restored.processElement('a', ['list'])
      assert.equal(restored.output.at(-1), 'close: ; tick: ')
      assert.deepEqual(restored.pendingTimers(), { close: 1 })
    })

    it('are rounded up where they coalesce', async () => {
      await using harness = await open()
      for (const at of [1, 999.5, 1000, 1001, -1, 2500]) harness.processElement('a', ['tick', at])
      harness.processElement('a', ['list'])
      assert.equal(harness.output[0], 'close: ; tick: 0,1000,2000,3000')
      harness.processElement('a', ['untick', 2999])
      harness.processElement('a', ['tick', Number.POSITIVE_INFINITY])
      harness.processWatermark(5000)
      assert.deepEqual(harness.output.slice(1), [
        'a 0 tick|undefined',
        'a 1000 tick|undefined',
        'a 2000 tick|undefined',
      ])
      assert.deepEqual(harness.pendingTimers(), { tick: 1 })
      harness.processWatermark(Number.POSITIVE_INFINITY)
      assert.equal(harness.output.at(-1), 'a Infinity tick|undefined')
    })

    it('that are overdue after a restore fire at once', async () => {
      await using harness = await open()
      for (const at of [50, HOUR - 1, HOUR + 1]) harness.processElement('a', ['retry', at])
      const restore = await harness.snapshot()
      await using restored = await open({ restore, processingTime: HOUR })
      assert.equal(restored.nextTimer('processing-time'), 50)
      restored.advanceProcessingTime(0)
      assert.deepEqual(restored.output, ['a 50 retry|undefined', `a ${HOUR - 1} retry|undefined`])
    })
  })
}

describe('named timers in a snapshot', () => {
  it('are read without the job, each with what it carries', async () => {
    const made = job('sessions', (env) => {
      const commands = env.fromSource('commands', collection<Command>([]))
      commands
        .keyBy(([what]) => what, t.string)
        .process('sessions', sessions)
        .sinkTo('out', print())
    })
    await using harness = await jobHarness(made)
    await harness
      .source<Command>('commands')
      .send(['close', 10, 'idle'], ['plain', 7], ['note', FAR])
    await using snapshot = await (await harness.snapshot()).open()
    const timers: [unknown, ...unknown[]][] = []
    for await (const { key, timeMs, name, payload } of snapshot.reader.timers('sessions')) {
      timers.push([key, timeMs, Buffer.from(name).toString(), payload])
    }
    assert.deepEqual(
      timers.toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
      [
        ['close', 10, 'close', { reason: 'idle' }],
        ['note', FAR, 'note', undefined],
        ['plain', 7, '', undefined],
      ],
    )
    const { timers: records } = snapshot.operators.find(({ uid }) => uid === 'sessions') ?? {}
    assert.deepEqual(records?.[0], {
      name: 'close',
      domain: 'event-time',
      payload: t.struct({ reason: t.string }).schema,
    })
  })
})

describe('what is refused of named timers', () => {
  const fails = async (command: Command, expected: object): Promise<void> => {
    await using harness = await keyedHarness(sessions)
    assert.throws(() => harness.processElement('a', command), expected)
  }

  it('is a time that is none and a payload that does not fit', async () => {
    await fails(['retry', Number.NaN], { code: 'TYPE_MISMATCH', message: /NaN is no time/ })
    const wrong = ['close', 1, 5] as unknown as Command
    await fails(wrong, { code: 'TYPE_MISMATCH', message: /payload of timer "close".*reason/s })
  })

  it('is a name that the function does not declare, or declares', async () => {
    for (const [name, message] of [
      ['other', /"other", which is not among those it declares/],
      ['due', /"due", which it declares/],
    ] as const) {
      await using harness = await keyedHarness(
        keyedProcess({
          key: t.string,
          input: t.string,
          timers: { due: eventTimer() },
          processElement: (value, { timers }) => timers.registerEventTimeTimer(1, value),
          onTimer() {},
        }),
      )
      assert.throws(() => harness.processElement('a', name), { code: 'JOB_GRAPH_INVALID', message })
    }
  })

  it('is a declaration that cannot work', () => {
    const declare = (timers: object, rest: object) => {
      // As JavaScript may write it.
      const fn = { timers: timers as TimerSchema, ...rest, processElement() {} }
      const made = job('refused', (env) => {
        const keyed = env.fromElements('values', ['a']).keyBy((value) => value)
        void keyed.process('p', fn)
      })
      return asJob(made).streamGraph({})
    }
    const hears = { onTimer() {} }
    const refusals: readonly [object, RegExp, object][] = [
      [{ close: {} }, /timer "close" is no declared timer/, hears],
      [{ currentWatermark: eventTimer() }, /cannot be called "currentWatermark"/, hears],
      [{ '': eventTimer() }, /cannot be called ""/, hears],
      [{ close: eventTimer() }, /declares the timer "close" and has no onTimer/, {}],
    ]
    for (const [timers, message, rest] of refusals) {
      assert.throws(() => declare(timers, rest), { code: 'JOB_GRAPH_INVALID', message })
    }
    declare({ close: eventTimer() }, hears)
  })

  it('is an option that is no duration', () => {
    assert.throws(() => eventTimer({ coalesce: '0 s' }), { code: 'CONFIG_INVALID' })
    assert.throws(() => processingTimer({ spread: 'soon' as '1 s' }), { code: 'CONFIG_INVALID' })
  })

  it('is a restore with another payload, another clock, or without the timer', async () => {
    await using harness = await keyedHarness(sessions)
    harness.processElement('a', ['close', 10, 'x'])
    const restore = await harness.snapshot()
    const now = (timers: object) =>
      keyedHarness({ ...sessions, timers } as unknown as typeof sessions, { restore })
    const { timers = {} as never } = sessions
    const refusals: readonly [object, RegExp][] = [
      [{ ...timers, close: eventTimer(t.struct({ reason: t.int32 })) }, /another payload.*reason/s],
      [{ ...timers, close: eventTimer() }, /another payload/],
      [{ ...timers, retry: eventTimer() }, /timer "retry" of "function" was of processing-time/],
      [{ close: timers.close }, /timer "retry" of "function" is gone/],
    ]
    for (const [changed, message] of refusals) {
      await assert.rejects(now(changed), { code: 'CHECKPOINT_INCOMPATIBLE', message })
    }
  })
})
