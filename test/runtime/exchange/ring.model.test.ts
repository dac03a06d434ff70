// Every order in which the accesses of two workers to a ring and their bells can come: no record is
// lost, doubled, torn or read before it is written, nobody sleeps for ever, every cut is exact.
// The same with bugs planted: each is found. MILLRACE_LONGER=1 explores larger ones too.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Explored } from '../../explore/explorer.ts'
import { exploreRing } from './ring-model.ts'
import { RING_SIZES } from './ring-sizes.ts'

const isLong = process.env['MILLRACE_LONGER'] !== undefined
describe('a ring between two workers, in every order of their accesses', () => {
  for (const [name, options] of Object.entries(RING_SIZES)) {
    if (options.isLong === true && !isLong) continue
    it(`holds: ${name}`, async (context) => {
      const explored: Explored = await exploreRing(options)
      assert.ok(explored.ends > 0)
      context.diagnostic(JSON.stringify(explored))
    })
  }
})
