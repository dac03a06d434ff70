// What waits for a sink: all of it, in order, each with its time, whatever is taken when; and what
// was handed over is the writer's own from then on.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Outbox } from '../../src/runtime/outbox.ts'

const step = fc.oneof(
  fc.record({ adds: fc.oneof(fc.nat(100), fc.nat(9_000)) }),
  fc.record({
    takes: fc.oneof(fc.integer({ min: 1, max: 80 }), fc.integer({ min: 1, max: 9_000 })),
  }),
)

describe('an outbox', () => {
  it('gives what came in, in order and with its times', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const outbox = new Outbox()
        const taken: ReturnType<Outbox['take']>[] = []
        let [added, left] = [0, 0]
        for (const each of steps) {
          if ('adds' in each) {
            for (let count = each.adds; count > 0; count--, added++) outbox.add(added, -added)
            left += each.adds
          } else if (left > 0) {
            const chunk = outbox.take(each.takes)
            assert.ok(chunk.values.length > 0 && chunk.values.length <= each.takes)
            assert.equal(chunk.timestamps.length, chunk.values.length)
            left -= chunk.values.length
            taken.push(chunk)
          }
          assert.equal(outbox.count, left)
        }
        const entries = [...outbox.entries()]
        assert.equal(entries.length, left)
        const values = [...taken.flatMap((chunk) => chunk.values), ...entries.map(([of]) => of)]
        const times = [
          ...taken.flatMap(({ timestamps }) => [...timestamps]),
          ...entries.map(([, timestamp]) => timestamp),
        ]
        for (let at = 0; at < added; at++) {
          if (values[at] !== at || times[at] !== -at) assert.fail(`value ${at} is another one`)
        }
        assert.equal(values.length, added)
      }),
      { numRuns: 60 },
    )
  })

  it('gives nothing when nothing waits', () => {
    assert.deepEqual(new Outbox().take(5).values, [])
  })
})
