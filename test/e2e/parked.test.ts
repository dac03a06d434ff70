// A real process with a parked key is killed, twice: what waits is there again, is tried again, and
// when the function is mended comes out in order, once.
import { rmSync, existsSync, readdirSync } from 'node:fs'
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { assertExact } from './counting.ts'
import { jobModule, type Project, project, until } from './project.ts'

const RECORDS = 4_000

/** Counts numbers by their last digit; throws at those with a 3 as long as there is a file. */
const counting = jobModule(
  'parking',
  [
    'const { existsSync, writeFileSync } = process.getBuiltinModule("node:fs")',
    'const counts = keyedProcess({',
    '  key: t.float64,',
    '  input: t.float64,',
    '  output: t.struct({ key: t.float64, value: t.float64 }),',
    '  state: { count: valueState(t.float64, { initial: 0 }) },',
    '  processElement(n, { state, currentKey }, out) {',
    '    state.count.update(state.count.value() + 1)',
    '    if (currentKey === 3 && n > 100 && existsSync("flaw")) {',
    '      writeFileSync("thrown", "")',
    '      throw new Error(`no ${n}`)',
    '    }',
    '    out.collect({ key: currentKey, value: state.count.value() })',
    '  },',
    '})',
    'env',
    '  .fromSource("ticks", dataGenerator({',
    `    generate: (index) => index, count: ${RECORDS}, ratePerSecond: 1_000, type: t.float64,`,
    '  }))',
    '  .keyBy((tick) => tick % 10, t.float64)',
    '  .process("counts", counts)',
    '  .onError("park")',
    "  .sinkTo('out', fileSink({ path: 'out', format: 'json-lines' }))",
  ].join('\n'),
  "checkpointing: { interval: '30 ms' }",
)

function links({ path }: Project): number {
  try {
    const names = readdirSync(join(path, 'jobs/parking/checkpoints/chain'))
    return Math.max(0, ...names.map((name) => Number.parseInt(name, 10) || 0))
  } catch {
    return 0
  }
}

describe('a parked key of a process that is killed', { timeout: 240_000 }, () => {
  it('comes out in order, once', async (test) => {
    const place = project(test)
    place.write('job.ts', counting)
    const args = ['run', 'job.ts', '--directory', 'jobs', '--parallelism', '2']
    const thrown = join(place.path, 'thrown')
    place.write('flaw', '')
    for (let round = 0; round < 2; round++) {
      rmSync(thrown, { force: true })
      const killed = place.start(...args)
      await until(() => existsSync(thrown), 'the key is parked, or tried again')
      const before = links(place)
      await until(() => links(place) > before + 2, 'checkpoints are taken')
      killed.child.kill('SIGKILL')
      const { err } = await killed.ended
      assert.match(err, /parked/)
    }
    rmSync(join(place.path, 'flaw'))
    const { code, err } = await place.millrace(...args)
    assert.equal(code, 0, err)
    assertExact(place, RECORDS)
  })
})
