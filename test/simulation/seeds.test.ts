// The simulator itself: equal seeds give equal histories, and what breaks that is noticed.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { simulatedBackends } from '../../simulation/backends.ts'
import { runSeed } from '../../simulation/run-seed.ts'

/** Lines of `seed what it showed`; lines that begin with # are about the file. */
function regressions(): readonly (readonly [number, string])[] {
  const file = join(import.meta.dirname, '../../simulation/regressions.txt')
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => /^\d/.test(line))
    .map((line) => [Number.parseInt(line, 10), line.replace(/^\d+ +/, '')])
}

describe('the simulator', () => {
  // The last two keep state on a server; of these the first one keeps checkpoints there, too.
  for (const seed of [1, 2, 3, 5, 8, 15, 66]) {
    it(`lives seed ${seed} twice in the same way`, async () => {
      const once = await runSeed({ seed, ...simulatedBackends })
      const again = await runSeed({ seed, ...simulatedBackends })
      assert.equal(once.violation, undefined)
      assert.equal(again.traceHash, once.traceHash)
      assert.equal(again.events, once.events)
      assert.ok(once.events > 100)
    })
  }

  it('gives different seeds different histories', async () => {
    const hashes = new Set<string>()
    for (const seed of [11, 12, 13]) {
      const { traceHash } = await runSeed({ seed, ...simulatedBackends })
      hashes.add(traceHash)
    }
    assert.equal(hashes.size, 3)
  })

  // The canaries: user code with an input that is not the seed's makes two runs of a seed differ,
  // because the bytes of runs and of output are part of the trace. Every 50th seed is checked so.
  let ticks = 0
  const inputs: readonly (readonly [string, () => number])[] = [
    ['reads the real clock', () => Math.floor(performance.now() * 1_000)],
    ['asks for the date', () => Date.now()],
    ['throws dice', () => Math.floor(Math.random() * 1_000)],
    ['waits for a real timer', () => ticks],
  ]
  for (const [what, input] of inputs) {
    it(`notices a job that ${what}`, async () => {
      const timer = setInterval(() => ticks++, 1)
      const tamper = <T extends { readonly v: number }>(record: T) => {
        return { ...record, v: record.v + input() }
      }
      const once = await runSeed({ seed: 3, ...simulatedBackends, tamper })
      const again = await runSeed({ seed: 3, ...simulatedBackends, tamper })
      clearInterval(timer)
      assert.notEqual(again.traceHash, once.traceHash)
    })
  }

  it('notices output that is not what the oracle demands', async () => {
    const tamper = <T extends { readonly v: number }>(record: T) => {
      return record.v % 5 === 0 ? { ...record, v: record.v + 1 } : record
    }
    const { violation } = await runSeed({ seed: 3, ...simulatedBackends, tamper })
    assert.match(violation?.message ?? '', /expected/)
  })
})

describe('seeds that have shown a bug', () => {
  for (const [seed, what] of regressions()) {
    it(`${seed}: ${what}`, async () => {
      const { violation } = await runSeed({ seed, ...simulatedBackends })
      assert.equal(violation, undefined)
    })
  }
})
