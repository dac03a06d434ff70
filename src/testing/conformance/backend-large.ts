/** The part of the suite of backends about single keys with very much state. */
import assert from 'node:assert/strict'
import { copyOf } from '../../state/runs/entry-range.ts'
import type { Define } from './backend-kinds.ts'
import { type BackendSuite, contentOf, restoredContent } from './backend-world.ts'

/** Tests of large collections and many timers. */
export function largeTests(define: Define, suite: BackendSuite): void {
  define('a cut of a large collection is made in parts while it changes', async (world) => {
    const fill = (from: number, to: number): void =>
      world.on('large', ({ map, list }) => {
        for (let at = from; at < to; at++) {
          map.set(at, at)
          list.add(at)
        }
      })
    fill(0, 9000)
    const register = (time: number): void =>
      world.on('large', () => world.table.timers.register('event-time', time, ''))
    for (let time = 0; time < 5000; time++) register(time)
    const before = contentOf(world, 'large')
    const cut = world.backend.cut()
    const run = []
    let pauses = 0
    for (const entry of cut.entries()) {
      if (entry !== undefined) {
        run.push(copyOf(entry))
        continue
      }
      pauses++
      const at = (pauses * 97) % 9000
      world.on('large', ({ map }) => {
        map.delete(at)
        map.set(at + 1, 'changed')
        map.set(-pauses, 'new')
      })
      world.on('large', () => world.table.timers.delete('event-time', at % 5000, ''))
      if (pauses === 5) world.on('large', ({ list }) => list.update([1]))
    }
    assert.ok(pauses > 10)
    assert.equal(run.length, 9000 + Math.ceil(9000 / 64) + 5000)
    cut.confirm()
    assert.deepEqual(await restoredContent(suite, [run], 'large'), before)
    const second = await world.checkpoint()
    const content = await restoredContent(suite, [run, second], 'large')
    assert.deepEqual(content, contentOf(world, 'large'))
  })
}
