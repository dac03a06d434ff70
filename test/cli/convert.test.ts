// millrace checkpoint convert: from a stopped job to one with another number of key groups.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { job, run, t } from 'millrace'
import { collection, sink } from 'millrace/connectors'
import { Snapshot } from 'millrace/savepoint'
import { perform, temporaryFolder } from './cli.ts'

const folder = temporaryFolder()
after(() => folder.remove())
const cli = (...args: string[]) => perform(folder.path, args)
const directory = join(folder.path, '.millrace')

const counting = (seen: string[]) =>
  job('counting', (env) => {
    env
      .fromSource('words', collection(['a', 'b', 'a', 'c', 'b', 'a'], { type: t.string }))
      .keyBy((word) => word, t.string)
      .count('counts')
      .sinkTo(
        'out',
        sink({ write: (all) => void seen.push(...all.map((u) => `${u.key} ${u.value}`)) }),
      )
  })

test('the job goes on from it with the number it was converted to, and with no other', async () => {
  const seen: string[] = []
  await using first = await run(counting(seen), { directory })
  await first.finished
  const wide = join(folder.path, 'wide')
  const command = ['checkpoint', 'convert', 'counting', 'wide', '--max-parallelism', '1000']
  const { code, out, err } = await cli(...command, '--json')
  assert.equal(code, 0, err)
  // Three keys, and records of source and counter.
  const { bytes, ...said } = JSON.parse(out) as { readonly bytes: number }
  assert.ok(bytes > 0)
  const checkpointId = (await first.finished).checkpointId
  const from = first.checkpointLocation
  assert.deepEqual(said, {
    job: 'counting',
    from,
    checkpointId,
    to: wide,
    maxParallelism: 1000,
    entries: 3 + 2,
  })
  await using snapshot = await Snapshot.open(wide)
  assert.equal((await snapshot.state('counts').get('a'))?.states['count'], 3)

  const other = { directory: join(folder.path, 'other'), from: wide }
  await assert.rejects(run(counting(seen), other), { code: 'CHECKPOINT_INCOMPATIBLE' })
  await using second = await run(counting(seen), { ...other, maxParallelism: 1000 })
  await second.finished
  // The input had been read to its end.
  assert.equal(seen.length, 6)
})

test('without a number it is a copy; what is there is not overwritten', async () => {
  const to = join(folder.path, 'copy')
  const { code, out } = await cli('checkpoint', 'convert', 'counting', 'copy')
  assert.equal(code, 0)
  assert.match(out, /^checkpoint \d+ of counting as a savepoint in .*copy: .*maxParallelism 128$/m)
  await using snapshot = await Snapshot.open(to)
  assert.equal(snapshot.maxParallelism, 128)
  assert.equal((await cli('checkpoint', 'convert', 'counting', 'copy')).code, 1)
  assert.equal((await cli('checkpoint', 'convert', 'nobody', 'to')).code, 3)
  for (const wrong of ['0', 'many', '40000']) {
    const refused = await cli('checkpoint', 'convert', 'counting', 'x', '--max-parallelism', wrong)
    assert.equal(refused.code, 2, wrong)
  }
  assert.ok(!existsSync(join(folder.path, 'x')))
})
