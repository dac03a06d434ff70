// A list that takes the place of one that is held: as if it were isolated whole, with less copying.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isMillraceError } from '../../src/errors.ts'
import { isCodec } from '../../src/types/codec.ts'
import { t } from '../../src/types/t.ts'
import type { Type } from '../../src/types/type.ts'
import { SeededRandom } from '../../src/util/random.ts'

const Bid = t.struct({ price: t.float64, of: t.string })
type Bid = { readonly price: number; readonly of: string }

function after<T>(type: Type<T[]>, value: T[], before: unknown): T[] {
  assert.ok(isCodec(type) && type.isolateAfter !== undefined)
  return type.isolateAfter(value, before) as T[] // of what the type gives
}

const isDeeplyFrozen = (list: readonly object[]): boolean =>
  Object.isFrozen(list) && list.every((each) => Object.isFrozen(each))

describe('a list that takes the place of another', () => {
  it('is what it would be by itself, whatever was added, moved, left out or exchanged', () => {
    const random = new SeededRandom(11)
    const bids = t.list(Bid)
    let held: readonly Bid[] = bids.isolate([])
    for (let step = 0; step < 600; step++) {
      const next = [...held]
      const own: Bid = { price: step, of: `${step}` }
      const [at, other] = [random.int(next.length + 1), random.int(next.length + 1)]
      if (random.int(3) > 0) next.splice(at, 0, own)
      if (random.int(3) === 0) next.splice(other, random.int(4))
      if (random.int(9) === 0) next.reverse()
      const isolated = after(bids, next, held)
      assert.deepEqual(isolated, bids.isolate([...next]))
      assert.ok(isDeeplyFrozen(isolated) && !isolated.includes(own))
      held = isolated
    }
  })

  it('copies what only looks like what is held, and what nobody has isolated', () => {
    const bids = t.list(Bid)
    const own = Object.freeze({ price: 1, of: 'a' })
    const held = bids.isolate([own])
    assert.notEqual(after(bids, [own], held)[0], own)
    assert.equal(after(bids, [...held], held)[0], held[0])
    // Frozen by somebody else: what is in it may be theirs to change.
    const theirs = { price: 1, of: 'a' }
    assert.notEqual(after(bids, [theirs], Object.freeze([theirs]))[0], theirs)
    const dates = t.list(t.date)
    const date = dates.isolate([new Date(1)])
    assert.notEqual(after(dates, [...date], date)[0], date[0])
  })

  it('is refused with the path of what is wrong', () => {
    const bids = t.list(Bid)
    const held = bids.isolate([{ price: 1, of: 'a' }])
    const wrong: unknown[] = [...held, { price: 'x', of: 'a' }]
    assert.throws(
      () => after(bids as Type<unknown[]>, wrong, held), // as JavaScript may call it
      (error) => isMillraceError(error) && error.message.startsWith('[1].price: expected float64'),
    )
  })
})
