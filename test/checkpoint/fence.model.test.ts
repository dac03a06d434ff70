// Every order in which the requests of several leaders can reach one storage, with failing puts and
// collections in between: the chain stays one, each new leader goes on from the newest checkpoint,
// and what was said to be there is. The same with bugs planted: each is found.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Violation } from '../explore/explorer.ts'
import { exploreFence, type FenceModelOptions } from './fence-model.ts'
import { FENCE_SIZES } from './fence-sizes.ts'

const isLong = process.env['MILLRACE_LONGER'] !== undefined

describe('leaders over one storage, in every order of their requests', () => {
  for (const { name, isLong: skipped = false, ...options } of FENCE_SIZES) {
    if (skipped && !isLong) continue
    it(`keep one chain: ${name}`, async (context) => {
      const explored = await exploreFence(options)
      assert.ok(explored.ends > 0)
      context.diagnostic(JSON.stringify(explored))
    })
  }

  it('are found out if a put overwrites', () =>
    finds({ leaders: 2, checkpoints: 1, failures: 0, overwrites: true }, /./))

  it('are found out if one that is cancelled deletes before its fence', () => {
    const cancelled = { leaders: 2, checkpoints: 1, failures: 0, cancels: [0], switches: 2 }
    return finds({ ...cancelled, deletesFirst: true }, /the newest link is there/)
  })

  it('are found out if one decides what to restore before its fence, once', () =>
    finds({ leaders: 2, checkpoints: 1, failures: 0, decidesOnce: true }, /restores the newest/))
})

async function finds(options: FenceModelOptions, problem: RegExp): Promise<void> {
  await assert.rejects(exploreFence(options), (error: unknown) => {
    assert.ok(error instanceof Violation)
    assert.match(error.message.split('\n')[0] ?? '', problem)
    return true
  })
}
