// How background work gives way: its time is measured, and begins anew after each turn of others.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pacer, type Slice } from '../../../src/state/runs/pace.ts'

class ByHand implements Slice {
  readonly budgetMs = 5
  nowMs = 100
  yields = 0
  othersMs = 1_000

  monotonic(): number {
    return this.nowMs
  }

  /** The others take their time. */
  async yield(): Promise<void> {
    this.yields++
    this.nowMs += this.othersMs
  }
}

test('work goes on until its slice is over, and then for a whole slice more', async () => {
  const slice = new ByHand()
  const pacer = new Pacer(slice)
  assert.equal(pacer.look(), undefined)
  slice.nowMs += 4.9
  assert.equal(pacer.look(), undefined)
  slice.nowMs += 0.1
  await pacer.look()
  assert.equal(slice.yields, 1)
  slice.nowMs += 4.9
  assert.equal(pacer.look(), undefined)
  slice.nowMs += 0.1
  await pacer.look()
  assert.equal(slice.yields, 2)
})

test('after a unit of work the clock is looked at only now and then', async () => {
  const slice = new ByHand()
  const pacer = new Pacer(slice)
  slice.nowMs += 10
  let units = 1
  for (let pause = pacer.worked(); ; pause = pacer.worked(), units++) {
    if (pause === undefined) continue
    await pause
    break
  }
  assert.deepEqual([units, slice.yields], [32, 1])
  for (let unit = 0; unit < 100; unit++) assert.equal(pacer.worked(), undefined)
})

test('while others have much to do a slice is as long as their turn', async () => {
  for (const [othersMs, sliceMs] of [
    [0.1, 5],
    [0.5, 1.25],
    [2, 2],
    [20, 5],
  ] as const) {
    const slice = new ByHand()
    const pacer = new Pacer(slice)
    slice.othersMs = othersMs
    slice.nowMs += 5
    await pacer.look()
    slice.nowMs += sliceMs - 0.01
    assert.equal(pacer.look(), undefined, `after ${othersMs} ms`)
    slice.nowMs += 0.02
    await pacer.look()
    assert.equal(slice.yields, 2)
  }
})

test('others who have time to spare get four fifths of the time while they catch up', async () => {
  for (const [othersMs, sliceMs] of [
    [0.1, 5],
    [0.5, 1.25],
    [20, 1.25],
  ] as const) {
    const slice = Object.assign(new ByHand(), { hasTimeToSpare: () => true })
    const pacer = new Pacer(slice)
    slice.othersMs = othersMs
    slice.nowMs += 5
    await pacer.look()
    slice.nowMs += sliceMs - 0.01
    assert.equal(pacer.look(), undefined, `after ${othersMs} ms`)
    slice.nowMs += 0.02
    await pacer.look()
    assert.equal(slice.yields, 2)
  }
})
