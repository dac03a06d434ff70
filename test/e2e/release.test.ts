// `millrace release` of a real process: a key is parked, fails again, is released while the job
// runs, and the output is exact.
import assert from 'node:assert/strict'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { assertExact } from './counting.ts'
import { jobModule, project, until } from './project.ts'

const RECORDS = 2_000

/**
 * Counts numbers by their last digit; throws at 13 as long as there is a flaw. It takes its time
 * until it is told otherwise: the input is far from its end while keys are released.
 */
const counting = jobModule(
  'releasing',
  [
    'const { existsSync, writeFileSync } = process.getBuiltinModule("node:fs")',
    'const counts = keyedProcess({',
    '  key: t.float64,',
    '  input: t.float64,',
    '  output: t.struct({ key: t.float64, value: t.float64 }),',
    '  state: { count: valueState(t.float64, { initial: 0 }) },',
    '  processElement(n, { state, currentKey }, out) {',
    '    state.count.update(state.count.value() + 1)',
    '    if (n === 13 && existsSync("flaw")) {',
    '      writeFileSync("thrown", "")',
    '      throw new Error("no 13")',
    '    }',
    '    out.collect({ key: currentKey, value: state.count.value() })',
    '  },',
    '})',
    'env',
    '  .fromSource("ticks", dataGenerator({',
    `    generate: (index) => index, count: ${RECORDS}, type: t.float64,`,
    '    ratePerSecond: existsSync("fast") ? 1_000_000 : 20,',
    '  }))',
    '  .keyBy((tick) => tick % 10, t.float64)',
    '  .process("counts", counts)',
    '  .onError("park")',
    "  .sinkTo('out', fileSink({ path: 'out', format: 'json-lines' }))",
  ].join('\n'),
  "checkpointing: { interval: '100 ms' }",
)

describe('a parked key of a job that runs', { timeout: 240_000 }, () => {
  it('goes on when it is released, once', async (test) => {
    const place = project(test)
    place.write('job.ts', counting)
    place.write('flaw', '')
    const at = ['--directory', 'jobs']
    const running = place.start('run', 'job.ts', ...at)
    await until(() => existsSync(join(place.path, 'thrown')), 'the key is parked')
    const release = async (): Promise<unknown> => {
      const { code, out, err } = await place.millrace(
        'release',
        'releasing',
        'counts',
        '--json',
        ...at,
      )
      assert.equal(code, 0, err)
      // The command prints one value.
      return JSON.parse(out) as unknown
    }
    const inVain = await release()
    assert.partialDeepStrictEqual(inVain, { tried: 1, released: 0, parked: [{ message: 'no 13' }] })
    rmSync(join(place.path, 'flaw'))
    assert.partialDeepStrictEqual(await release(), { tried: 1, released: 1, parked: [] })
    const stopped = await place.millrace('stop', 'releasing', ...at)
    assert.equal(stopped.code, 0, stopped.err)
    assert.equal((await running.ended).code, 0)
    place.write('fast', '')
    const { code, err } = await place.millrace('run', 'job.ts', ...at)
    assert.equal(code, 0, err)
    assertExact(place, RECORDS)
  })
})
