/** A job that begins with a foreign snapshot runs at once, while the snapshot is made its own. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { isMillraceError, job, type JobHandle, run, t, type RunOptions } from 'millrace'
import { dataGenerator, fileSink, sink } from 'millrace/connectors'
import { readChain } from '../../src/checkpoint/chain.ts'
import { embeddedHost } from '../../src/runtime/host-embedded.ts'
import type { Host } from '../../src/runtime/host.ts'
import { runOn } from '../../src/runtime/run-on.ts'
import { Snapshot } from '../../src/savepoint/snapshot.ts'
import { LocalBlobStore } from '../../src/storage/local.ts'

const KEYS = 10
const folder = mkdtempSync(join(tmpdir(), 'millrace-import-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** Counts for each key; all that it wrote is in `seen`. */
function counting(name: string, seen: string[]) {
  const generator = dataGenerator({ generate: (i) => i, ratePerSecond: 2_000, type: t.int32 })
  return job(name, { checkpointing: { interval: '1 h' }, restart: { strategy: 'none' } }, (env) => {
    env
      .fromSource('numbers', generator)
      .keyBy((value) => value % KEYS, t.int32)
      .count('counts')
      .sinkTo(
        'out',
        sink({ write: (all) => void seen.push(...all.map((u) => `${u.key} ${u.value}`)) }),
      )
  })
}

/** A savepoint of a job that has counted for a moment; nothing but its own files is in there. */
async function savepointOf(directory: string): Promise<string> {
  const at = join(directory, 'savepoint')
  await using handle = await run(counting('first', []), { directory })
  await setTimeout(60)
  await handle.stop({ savepoint: at })
  await handle.finished
  return at
}

/** A host at whose named point everything waits until it is opened; at last by itself. */
function gated(point: string): { readonly host: Host; open(): void } {
  const gate = Promise.withResolvers<void>()
  void setTimeout(5_000, undefined, { ref: false }).then(() => gate.resolve())
  const at = (reached: string): void | Promise<void> =>
    reached === point ? gate.promise : undefined
  return { host: { ...embeddedHost, at }, open: () => gate.resolve() }
}

async function until(what: string, condition: () => boolean): Promise<void> {
  for (let waitedMs = 0; waitedMs < 10_000; waitedMs += 5) {
    if (condition()) return
    await setTimeout(5)
  }
  assert.fail(`in vain waited for: ${what}`)
}

/** How many records the counts of a snapshot amount to. */
async function countedIn(location: string): Promise<number> {
  await using snapshot = await Snapshot.open(location)
  let sum = 0
  for await (const { states } of snapshot.state('counts').rows()) sum += Number(states['count'])
  return sum
}

test('it reads the snapshot in place, and takes no checkpoint before all is its own', async () => {
  const directory = join(folder, 'a')
  const from = await savepointOf(directory)
  const before = await countedIn(from)
  const gate = gated('run-imported')
  const seen: string[] = []
  const options: RunOptions = { directory, from }
  await using handle = await runOn(gate.host, counting('second', seen), options)
  await until('output', () => seen.length > 0)
  const { importing } = handle.status
  assert.equal(importing?.from, from)
  assert.ok(importing.files > 0 && importing.filesHere < importing.files)
  let isTaken = false
  const checkpoint = handle.checkpoint().then(() => (isTaken = true))
  await setTimeout(50)
  assert.ok(!isTaken, 'a checkpoint was taken although runs were missing')
  assert.ok(readdirSync(join(from, 'pins')).length > 0, 'the snapshot is marked as being read')
  gate.open()
  await checkpoint
  assert.equal(handle.status.importing, undefined)
  assert.deepEqual(readdirSync(join(from, 'pins')), [])
  // Nothing names the savepoint any more: it may go.
  renameSync(from, `${from}-moved`)
  await handle.stop()
  await handle.finished
  assert.equal(await countedIn(handle.checkpointLocation), before + seen.length)
})

test('runs are linked, not copied, within a file system', async () => {
  const directory = join(folder, 'b')
  const from = await savepointOf(directory)
  await using handle = await run(counting('second', []), { directory, from })
  await handle.checkpoint()
  const inodes = (place: string): number[] =>
    readdirSync(join(place, 'runs')).map((name) => statSync(join(place, 'runs', name)).ino)
  const theirs = new Set(inodes(from))
  assert.ok(inodes(handle.checkpointLocation).some((inode) => theirs.has(inode)))
  await handle.cancel()
})

test('an import that was interrupted is taken up by the next start, without --from', async () => {
  const directory = join(folder, 'c')
  const from = await savepointOf(directory)
  const before = await countedIn(from)
  const gate = gated('before-import-link')
  await using first = await runOn(gate.host, counting('second', []), { directory, from })
  await until(
    'all files',
    () => first.status.importing?.filesHere === first.status.importing?.files,
  )
  const cancelled = first.cancel()
  gate.open()
  await cancelled
  const runs = join(first.checkpointLocation, 'runs')
  const written = readdirSync(runs)

  const seen: string[] = []
  await using second = await run(counting('second', seen), { directory })
  await second.checkpoint()
  assert.deepEqual(
    readdirSync(runs).filter((name) => written.includes(name)),
    written,
    'what came before the crash is used',
  )
  await second.stop()
  assert.equal(await countedIn(second.checkpointLocation), before + seen.length)
  const chain = await readChain(new LocalBlobStore(second.checkpointLocation))
  const purposes = chain.entries.map(({ link }) => (link.kind === 'fence' ? 'fence' : link.purpose))
  assert.equal(purposes.filter((purpose) => purpose === 'rollback').length, 1)
})

test('a snapshot that is gone before it was imported stops the job', async () => {
  const directory = join(folder, 'd')
  const from = await savepointOf(directory)
  const gate = gated('run-imported')
  await using first = await runOn(gate.host, counting('second', []), { directory, from })
  const cancelled = first.cancel()
  gate.open()
  await cancelled
  rmSync(from, { recursive: true })
  mkdirSync(from)
  await assert.rejects(run(counting('second', []), { directory }), (error: unknown) => {
    assert.ok(isMillraceError(error))
    assert.equal(error.code, 'CHECKPOINT_NOT_FOUND')
    assert.match(error.message, /was importing, is gone/)
    return true
  })
  await using fresh = await run(counting('second', []), { directory, fresh: true })
  await fresh.cancel()
})

const numbersTo = (output: string) =>
  job('lines', { checkpointing: { interval: '1 h' } }, (env) => {
    env
      .fromSource(
        'numbers',
        dataGenerator({ generate: (i) => i, ratePerSecond: 5_000, type: t.int32 }),
      )
      .sinkTo('out', fileSink({ path: output, format: 'text' }))
  })

test('a savepoint of the job itself takes later output back; a foreign one asks', async () => {
  const directory = join(folder, 'e')
  const output = join(folder, 'e-out')
  const savepoint = join(folder, 'e-savepoint')
  const start = (options: RunOptions = {}): Promise<JobHandle> =>
    run(numbersTo(output), { directory, ...options })
  await using first = await start()
  await setTimeout(50)
  await first.savepoint(savepoint)
  await setTimeout(50)
  await first.stop()
  await using second = await start({ from: savepoint })
  await second.stop()
  assert.ok(readdirSync(join(output, '.withdrawn')).length > 0)

  const other = join(folder, 'e-other')
  await using stranger = await run(numbersTo(join(folder, 'e-out-2')), {
    directory: join(folder, 'e2'),
  })
  await setTimeout(50)
  await stranger.stop({ savepoint: other })
  await assert.rejects(
    start({ from: other }),
    (error: unknown) => isMillraceError(error) && error.code === 'OUTPUT_MAY_REPEAT',
  )
  await using third = await start({ from: other, acceptDuplicates: true })
  await third.stop()
})
