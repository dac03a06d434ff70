// A job that signs, on a real disk that somebody else can write to: what is refused, what verify
// tells, and how a job begins to sign.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { job, run, t } from 'millrace'
import { dataGenerator, sink } from 'millrace/connectors'
import { Snapshot } from 'millrace/savepoint'
import { edited } from '../signing/chains.ts'
import { perform, temporaryFolder } from './cli.ts'

const folder = temporaryFolder()
after(() => folder.remove())
const cli = (...args: string[]) => perform(folder.path, args)
const directory = join(folder.path, '.millrace')
const secret = Buffer.alloc(32, 3).toString('base64')
const keys = join(folder.path, 'keys')
writeFileSync(keys, `2026-11 ${secret}\n`, { mode: 0o600 })
const signing = { keys: `file:${keys}` }
const flags = ['--signing-keys', 'file:keys']

const counting = (name: string) =>
  job(name, { checkpointing: { interval: '1 h' } }, (env) => {
    const generate = (index: number): number => index
    const numbers = dataGenerator({ generate, count: 100_000, ratePerSecond: 5_000, type: t.int32 })
    env
      .fromSource('numbers', numbers)
      .keyBy((value) => value % 7, t.int32)
      .count('counts')
      .sinkTo('out', sink({ write: () => undefined }))
  })

/** Runs the job, takes two checkpoints, and stops it. */
async function checkpointed(name: string, more: object = {}): Promise<void> {
  await using handle = await run(counting(name), { directory, ...more })
  for (let count = 0; count < 2; count++) await handle.checkpoint()
  await handle.stop()
}

const chainOf = (name: string) => join(directory, name, 'checkpoints', 'chain')

interface Report {
  readonly damage: readonly unknown[]
  readonly chain: {
    readonly links: number
    readonly keys: readonly string[]
    readonly newest: string
    readonly firstBroken: { readonly name: string; readonly problem: string } | null
  }
}

async function verified(
  name: string,
  ...more: string[]
): Promise<{ readonly code: number | null; readonly report: Report }> {
  const { code, out } = await cli('checkpoint', 'verify', name, ...more, '--json')
  return { code, report: JSON.parse(out) as Report }
}

test('a manifest that was changed is refused at the start, and named by verify', async () => {
  await checkpointed('orders', { signing })
  const sound = await cli('checkpoint', 'verify', 'orders', ...flags)
  assert.equal(sound.code, 0, sound.out)
  assert.match(sound.out, /3 links, signed under "2026-11", verified; newest link 4:[0-9a-f]{64}/)
  const bare = await cli('checkpoint', 'verify', 'orders')
  assert.match(bare.out, /signed under "2026-11", not verified: no --signing-keys/)
  const shown = await cli('checkpoint', 'show', 'orders', ...flags)
  assert.match(shown.out, /^signed +under the key "2026-11"$/m)
  const { report } = await verified('orders', ...flags)
  assert.equal(report.chain.firstBroken, null)

  const third = join(chainOf('orders'), '000000000003.manifest')
  const before = readFileSync(third)
  writeFileSync(
    third,
    edited(before, (link) => ({ ...link, processingTime: 7 })),
  )
  await assert.rejects(run(counting('orders'), { directory, signing }), {
    code: 'SIGNATURE_INVALID',
    message: /chain\/000000000003\.manifest/,
  })
  const broken = await verified('orders', ...flags)
  assert.equal(broken.code, 1)
  assert.equal(broken.report.chain.firstBroken?.name, 'chain/000000000003.manifest')
  assert.match(
    broken.report.chain.firstBroken.problem,
    /signature under the key "2026-11" is wrong/,
  )
  const said = await cli('checkpoint', 'verify', 'orders', ...flags)
  assert.match(
    said.out,
    /^first broken link: chain\/000000000003\.manifest its signature .*wrong$/m,
  )
  const unchecked = await verified('orders')
  assert.equal(unchecked.report.chain.firstBroken?.name, 'chain/000000000003.manifest')

  writeFileSync(third, before)
  await assert.rejects(run(counting('orders'), { directory }), { code: 'STORAGE_SIGNED' })
  await using handle = await run(counting('orders'), { directory, signing })
  assert.equal(handle.status.restoredFrom, 3)
  await handle.stop()
  const text = readdirSync(chainOf('orders')).map((name) => {
    return readFileSync(join(chainOf('orders'), name), 'utf8')
  })
  assert.ok(!text.join('').includes(secret))
})

test('an older state of the whole folder is noticed by a link that was noted down', async () => {
  await checkpointed('noted', { signing })
  const { newest } = (await verified('noted', ...flags)).report.chain
  assert.equal((await verified('noted', '--link', newest)).code, 0)
  const [number = '', hash = ''] = newest.split(':')
  const later = await verified('noted', '--link', `${Number(number) + 1}:${hash}`)
  assert.equal(later.code, 1)
  assert.match(later.report.chain.firstBroken?.problem ?? '', /the chain ends before it/)
  const other = await verified('noted', '--link', `${number}:${'0'.repeat(64)}`)
  assert.equal(other.code, 1)
  assert.match(other.report.chain.firstBroken?.problem ?? '', /not the one that was there/)
  assert.equal((await cli('checkpoint', 'verify', 'noted', '--link', 'x')).code, 2)
})

test('going back signs, and needs the key', async () => {
  await checkpointed('back', { signing })
  const without = await cli('rollback', 'back', '1')
  assert.equal(without.code, 1)
  assert.match(without.err, /STORAGE_SIGNED/)
  const { code, err } = await cli('rollback', 'back', '1', ...flags)
  assert.equal(code, 0, err)
  const { report } = await verified('back', ...flags)
  assert.deepEqual([report.chain.links, report.chain.firstBroken], [4, null])
})

test('a job begins to sign with a copy that somebody has vouched for', async () => {
  await checkpointed('plain')
  const from = join(directory, 'plain', 'checkpoints')
  await assert.rejects(run(counting('plain'), { directory, signing }), {
    code: 'SIGNATURE_MISSING',
    message: /chain\/\d+\.manifest is not signed/,
  })
  const elsewhere = { directory: join(folder.path, 'elsewhere'), signing }
  await assert.rejects(run(counting('plain'), { ...elsewhere, from }), {
    code: 'SIGNATURE_MISSING',
  })
  const convert = ['checkpoint', 'convert', 'plain', 'vouched', ...flags]
  assert.match((await cli(...convert)).err, /SIGNATURE_MISSING/)
  const { code, err } = await cli(...convert, '--accept-unsigned')
  assert.equal(code, 0, err)
  const vouched = join(folder.path, 'vouched')
  await using snapshot = await Snapshot.open(vouched, { signingKeys: signing.keys })
  assert.equal(snapshot.link.signature?.keyId, '2026-11')
  await using handle = await run(counting('plain'), { ...elsewhere, from: vouched })
  await handle.checkpoint()
  await handle.stop()
  const report = await cli('checkpoint', 'verify', join(elsewhere.directory, 'plain'), ...flags)
  assert.equal(report.code, 0, report.out)
})
