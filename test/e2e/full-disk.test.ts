// A full disk under the checkpoints: the checkpoint fails with the cause and the cure, the job goes
// on, later checkpoints hold everything, and a start after a crash loses and doubles nothing. The
// disk is the real one behind the host's seam, which answers ENOSPC while it is "full".
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { isMillraceError, job, type JobHandle, type MillraceError } from 'millrace'
import { dataGenerator, fileSink } from 'millrace/connectors'
import { FaultyBlobStore } from 'millrace/testing'
import { errorToData } from '../../src/errors.ts'
import { embeddedHost } from '../../src/runtime/host-embedded.ts'
import { embeddedWorkerHost } from '../../src/runtime/host-worker-thread.ts'
import type { Host, WorkerEvents, WorkerPort, WorkerSpec } from '../../src/runtime/host.ts'
import { runOn } from '../../src/runtime/run-on.ts'
import { WorkerRuntime } from '../../src/runtime/worker-runtime.ts'
import type { BlobStore } from '../../src/storage/blob-store.ts'
import { storageError } from '../../src/storage/local-errors.ts'
import { openBlobStore } from '../../src/storage/open.ts'
import { systemRandom } from '../../src/util/random.ts'

const RECORDS = 12_000
const KEYS = 100

class Disk {
  isFull = false

  async open(location: string): Promise<BlobStore> {
    return new FaultyBlobStore(await openBlobStore(location), {
      random: systemRandom(),
      at: (point, name) => {
        if (!this.isFull || !/^(create|write|close|put)-before$/.test(point)) return
        const cause = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' })
        throw storageError('write', name, cause)
      },
    })
  }

  /** The embedded host on this disk; the one worker runs in this thread. */
  get host(): Host {
    const openStore = (location: string) => this.open(location)
    return { ...embeddedHost, openStore, spawn: (spec, events) => this.#spawn(spec, events) }
  }

  #spawn(spec: WorkerSpec, events: WorkerEvents): WorkerPort {
    const later = (action: () => void) => setImmediate(action)
    const host = embeddedWorkerHost({
      index: spec.index,
      send: (message) => message.kind === 'closed' || later(() => events.message(message)),
      report: (event, error) =>
        later(() => events.message({ kind: 'event', event, error: errorToData(error) })),
    })
    const runtime = new WorkerRuntime(spec, { ...host, openStore: (at) => this.open(at) })
    const running = runtime.run().then(
      () => later(() => events.exit(undefined)),
      (error: unknown) => later(() => events.exit(errorToData(error))),
    )
    return {
      send: (message) => runtime.receive(message),
      async terminate() {
        runtime.receive({ kind: 'close' })
        await running
      },
    }
  }
}

/** Counts numbers by key at a steady rate, so that something changes while the disk is full. */
function counting(output: string) {
  const numbers = dataGenerator({
    generate: (index) => index,
    count: RECORDS,
    ratePerSecond: 6_000,
  })
  return job('full', { backend: 'hashmap', checkpointing: { interval: '1 h' } }, (env) => {
    env
      .fromSource('numbers', numbers)
      .keyBy((value) => value % KEYS)
      .count('counts')
      .sinkTo('out', fileSink({ path: output, format: 'json-lines' }))
  })
}

function place(test: TestContext): { readonly directory: string; readonly output: string } {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-full-'))
  test.after(() => rmSync(folder, { recursive: true, force: true }))
  return { directory: join(folder, 'jobs'), output: join(folder, 'out') }
}

async function refused(handle: JobHandle): Promise<MillraceError> {
  const error: unknown = await handle.checkpoint().then(
    () => assert.fail('the disk is full'),
    (reason: unknown) => reason,
  )
  assert.ok(isMillraceError(error), String(error))
  return error
}

async function untilRecords(handle: JobHandle, count: number): Promise<void> {
  for (let waitedMs = 0; handle.status.recordsIn < count; waitedMs += 5) {
    assert.ok(waitedMs < 20_000, `the job comes to ${count} records`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

function assertExact(output: string): void {
  const counts = new Map<number, number>()
  let lines = 0
  const files = readdirSync(output).filter((name) => !name.startsWith('.'))
  for (const file of files.toSorted()) {
    for (const line of readFileSync(join(output, file), 'utf8').trim().split('\n')) {
      const { key, value } = JSON.parse(line) as { key: number; value: number }
      assert.equal(value, (counts.get(key) ?? 0) + 1, `${file}: key ${key}`)
      counts.set(key, value)
      lines++
    }
  }
  assert.equal(lines, RECORDS)
}

describe('a job on a full disk', () => {
  it('goes on, says why a checkpoint failed, and takes the next one', async (test) => {
    const { directory, output } = place(test)
    const disk = new Disk()
    await using handle = await runOn(disk.host, counting(output), { directory })
    await handle.checkpoint()
    disk.isFull = true
    await untilRecords(handle, 3_000)
    const error = await refused(handle)
    assert.equal(error.code, 'CHECKPOINT_FAILED')
    assert.match(error.message, /checkpoint 2 failed in phase prepare: .*ENOSPC/)
    assert.match(error.cure, /make room|see the cause/)
    assert.equal(error.retryable, true)
    const cause: unknown = error.cause
    assert.ok(isMillraceError(cause) && /make room/.test(cause.cure), String(cause))
    assert.equal(handle.status.state, 'running')
    assert.equal(handle.status.checkpoints.failed, 1)
    assert.equal(handle.status.checkpoints.lastFailure?.code, 'CHECKPOINT_FAILED')

    await untilRecords(handle, 6_000)
    await refused(handle)
    disk.isFull = false
    assert.equal((await handle.checkpoint()).checkpointId, 4)
    assert.equal((await handle.finished).outcome, 'finished')
    assert.equal(handle.status.attempts, 1)
    assertExact(output)
  })

  it('loses and doubles nothing if it ends while the disk is full', async (test) => {
    const { directory, output } = place(test)
    const disk = new Disk()
    const first = await runOn(disk.host, counting(output), { directory })
    await untilRecords(first, 1_000)
    const { checkpointId } = await first.checkpoint()
    disk.isFull = true
    await untilRecords(first, 4_000)
    await refused(first)
    await first.cancel()

    const again = await runOn(disk.host, counting(output), { directory }).then(
      () => assert.fail('it cannot take the lead without writing'),
      (reason: unknown) => reason,
    )
    assert.ok(isMillraceError(again) && again.code === 'STORAGE_FAILED', String(again))
    assert.match(again.cure, /make room/)
    disk.isFull = false
    await using second = await runOn(disk.host, counting(output), { directory })
    assert.equal(second.status.restoredFrom, checkpointId)
    await second.finished
    assertExact(output)
  })
})
