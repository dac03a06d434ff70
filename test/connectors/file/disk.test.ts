// The file sink on folders and disks that do not take what it writes.
import assert from 'node:assert/strict'
import { mkdir, open, rename, rm, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileSink } from '../../../src/connectors/file/sink.ts'
import { temporaryFolder, writeFiles, writerContext } from '../helpers.ts'
import { commit, times, visibleLines, visibleNames } from './sink-helpers.ts'

type WriteArguments = [bytes: Uint8Array, from: number, length: number, at: number]
interface WritesBytes {
  readonly write: (this: WritesBytes, ...args: WriteArguments) => unknown
}

describe('a folder that cannot be written', () => {
  it('is a coded error when the job starts', async (test) => {
    const folder = await temporaryFolder(test)
    await writeFiles(folder, { file: '' })
    const sink = fileSink<string>({ path: join(folder, 'file', 'below') })
    await assert.rejects(sink.createWriter(writerContext()), {
      code: 'CONNECTOR_FAILED',
      message: /ENOTDIR/,
    })
  })

  it('loses and doubles nothing when the disk is full in the middle of a write', async (test) => {
    const folder = await temporaryFolder(test)
    const sink = fileSink<string>({ path: folder })
    const context = writerContext()
    await using writer = await sink.createWriter(context)
    const lines = Array.from({ length: 100 }, (_, index) => `line ${index}`)
    await writer.write(lines.slice(0, 50), times(50))
    const probe = await open(join(folder, 'probe'), 'w')
    // All handles have one prototype; the files are real, but for what the disk answers.
    const handles = Object.getPrototypeOf(probe) as WritesBytes
    const { write: original } = handles
    const write = (handle: WritesBytes, ...args: WriteArguments) => original.apply(handle, args)
    let room = 100
    const full = test.mock.method(
      handles,
      'write',
      function (this: WritesBytes, ...args: WriteArguments) {
        if (room === 0) throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
        const [bytes, from, , at] = args
        const taken = Math.min(room, bytes.length)
        room -= taken
        return write(this, bytes, from, taken, at)
      },
    )
    for (let checkpointId = 1; checkpointId <= 2; checkpointId++) {
      await assert.rejects(writer.prepareCommit({ ...context.scope, checkpointId }), {
        code: 'CONNECTOR_FAILED',
        message: /ENOSPC/,
        retryable: true,
        cure: /make room/,
      })
      assert.deepEqual(await visibleNames(folder), ['probe'])
    }
    full.mock.restore()
    await probe.close()
    await unlink(join(folder, 'probe'))
    await writer.write(lines.slice(50), times(50))
    await commit(sink, await writer.prepareCommit({ ...context.scope, checkpointId: 3 }))
    assert.deepEqual(await visibleLines(folder), lines)
  })

  it('shows nothing half when it goes away, and goes on when it is back', async (test) => {
    const folder = await temporaryFolder(test)
    const sink = fileSink<string>({ path: folder })
    const context = writerContext()
    await using writer = await sink.createWriter(context)
    await writer.write(['a'], times(1))
    await rename(folder, `${folder}-away`)
    await mkdir(folder)
    test.after(() => rm(`${folder}-away`, { recursive: true, force: true }))
    assert.deepEqual(await visibleNames(folder), [])
    await rm(folder, { recursive: true })
    await assert.rejects(writer.prepareCommit({ ...context.scope, checkpointId: 1 }), {
      code: 'CONNECTOR_FAILED',
    })
    await rename(`${folder}-away`, folder)
    await writer.write(['b'], times(1))
    const parts = await writer.prepareCommit({ ...context.scope, checkpointId: 2 })
    await commit(sink, parts)
    assert.deepEqual(await visibleLines(folder), ['a', 'b'])
  })
})
