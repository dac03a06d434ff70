// Every order in which the requests of several leaders can reach the vaults of one job, with deaths
// in between: what was said to be erased stays erased, and no former leader puts anything over what
// a later one has. The same with bugs planted: each is found.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Violation } from '../explore/explorer.ts'
import { exploreVaults, type VaultModelOptions } from './vault-model.ts'

const isLong = process.env['MILLRACE_LONGER'] !== undefined
const more = isLong ? 2 : 0

describe('leaders that put vaults, in every order of their requests', () => {
  const sizes: readonly (readonly [string, VaultModelOptions])[] = [
    ['two', { leaders: 2, switches: 3 + more, deaths: 0 }],
    ['two that may die', { leaders: 2, switches: 2 + more, deaths: 1 }],
    ['three', { leaders: 3, switches: 1 + more, deaths: 0 }],
  ]
  for (const [name, options] of sizes) {
    it(`keep erased what was: ${name}`, async (context) => {
      const explored = await exploreVaults(options)
      assert.ok(explored.ends > 0)
      context.diagnostic(JSON.stringify(explored))
    })
  }

  it('are found out if one does not look whether it came late', () =>
    finds({ leaders: 2, switches: 2, deaths: 0, looksNot: true }, /over that of a later leader/))

  it('are found out if older vaults stay', () =>
    finds({ leaders: 2, switches: 1, deaths: 0, deletesNot: true }, /one vault is left/))

  it('are found out if a new leader does not put one of its own', () =>
    finds({ leaders: 2, switches: 2, deaths: 0, leadsNot: true }, /over that of a later leader/))
})

async function finds(options: VaultModelOptions, problem: RegExp): Promise<void> {
  await assert.rejects(exploreVaults(options), (error: unknown) => {
    assert.ok(error instanceof Violation)
    assert.match(error.message.split('\n')[0] ?? '', problem)
    return true
  })
}
