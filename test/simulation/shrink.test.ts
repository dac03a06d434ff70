// Cases that fail are made smaller, fail then in the same way, and can be told in one line.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { simulatedBackends } from '../../simulation/backends.ts'
import { runSeed } from '../../simulation/run-seed.ts'
import { shrink, violationClass } from '../../simulation/shrink/shrink.ts'
import { parseShrunk, type Shrunk } from '../../simulation/shrink/shrunk.ts'
import { smaller } from '../../simulation/shrink/workload.ts'
import { generateWorkload } from '../../simulation/workloads/generate.ts'
import { evaluate } from '../../simulation/oracle.ts'
import { SeededRandom } from '../../src/util/random.ts'

/** A planted violation: some records are not what they should be. */
const tamper = <T extends { readonly v: number }>(record: T): T => {
  return record.v % 5 === 0 ? { ...record, v: record.v + 1 } : record
}
const SEED = 3
const RUNS_MAX = 250

describe('a case that fails', () => {
  it('is made smaller until nothing can be left away, and fails in the same way', async () => {
    const run = (shrunk: Shrunk) => runSeed({ seed: SEED, ...simulatedBackends, tamper, shrunk })
    const failed = await run({})
    let runs = 0
    const found = await shrink(
      failed,
      {},
      {
        mayGoOn: () => runs < RUNS_MAX,
        async run(shrunk) {
          runs++
          const isPossible = smaller(failed.workload, shrunk.cuts ?? []) !== undefined
          return isPossible ? run(shrunk) : undefined
        },
      },
    )
    assert.ok(found.isMinimal, `${found.runs} runs`)
    const { workload, faults, starts } = found.report
    assert.equal(starts, 1)
    assert.equal(faults.kinds.length, 0)
    assert.equal(workload.sources.length, 1)
    const records = workload.sources.flatMap(({ splits }) => splits.flatMap((s) => s.records))
    assert.equal(records.length, 1)
    // What expires leaves its operation by the side.
    const plain = workload.nodes.filter(({ kind }) => kind !== 'side')
    assert.ok(plain.length <= 3, JSON.stringify(workload.nodes))
    // From the command line that is told for it, it is the same.
    const again = await run(parseShrunk(JSON.stringify(found.shrunk)))
    assert.equal(again.traceHash, found.report.traceHash)
    assert.equal(violationClass(again.violation), violationClass(failed.violation))
  })

  it('keeps a workload that the oracle understands, whatever is cut off', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = new SeededRandom(seed).fork('workload')
      const workload = generateWorkload(random)
      for (const at of workload.nodes.keys()) {
        for (const kind of ['cut', 'skip'] as const) {
          const less = smaller(workload, [[kind, at]])
          if (less === undefined) continue
          assert.ok(less.nodes.length < workload.nodes.length)
          const sinks = less.nodes.flatMap((node) => (node.kind === 'sink' ? [node.uid] : []))
          assert.deepEqual([...evaluate(less).keys()], sinks)
        }
      }
    }
  })

  it('refuses what no case is told by', () => {
    for (const wrong of [
      '[]',
      '{"cuts":[["cut"]]}',
      '{"without":["rain"]}',
      '{"starts":-1}',
      '{"unit":"years"}',
      '{"seed":3}',
    ]) {
      assert.throws(() => parseShrunk(wrong), wrong)
    }
  })
})
