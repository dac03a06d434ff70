// The hidden files of a file sink in a job that is encrypted: nothing in them can be read, and what
// becomes visible is what was written, however long it is, or an error.
import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { filePartType, type FilePart } from '../../../src/connectors/file/part.ts'
import { fileSink } from '../../../src/connectors/file/sink.ts'
import { ByteReader, ByteWriter } from '../../../src/util/bytes.ts'
import { required } from '../../../src/util/assert.ts'
import { temporaryFolder, writerContext } from '../helpers.ts'
import { commit, encrypted, pendingNames, prepare, times, visibleLines } from './sink-helpers.ts'

const CANARY = 'canary-0815'
const lines = Array.from({ length: 30_000 }, (_, index) => `${CANARY} ${index}`)

async function prepared(test: TestContext) {
  const folder = await temporaryFolder(test)
  const sink = encrypted(fileSink<string>({ path: folder }))
  const parts = await prepare(sink, lines)
  return { folder, sink, part: required(parts[0], 'a part'), parts }
}

/** As it comes out of a checkpoint. */
function restored(part: FilePart): FilePart {
  const out = new ByteWriter()
  filePartType.write(part, out)
  return filePartType.read(new ByteReader(out.copy()))
}

async function requireNoCanary(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    assert.equal((await readFile(join(folder, name))).indexOf(CANARY), -1, name)
  }
}

describe('a hidden file of a job that is encrypted', () => {
  it('holds nothing that can be read until it is committed', async (test) => {
    const { folder, sink, parts } = await prepared(test)
    assert.equal((await pendingNames(folder)).length, 1)
    await requireNoCanary(folder)
    await commit(sink, parts.map(restored))
    assert.deepEqual(await visibleLines(folder), lines)
    assert.deepEqual(await pendingNames(folder), [])
  })

  it('holds nothing that can be read while it is written, either', async (test) => {
    const folder = await temporaryFolder(test)
    const sink = encrypted(fileSink<string>({ path: folder }))
    await using writer = await sink.createWriter(writerContext())
    await writer.write(lines, times(lines.length))
    const [name = ''] = await pendingNames(folder)
    assert.ok((await readFile(join(folder, name))).length >= 256 * 1024)
    await requireNoCanary(folder)
  })

  it('has a key of its own, which no other file has', async (test) => {
    const { sink, part } = await prepared(test)
    const [other] = await prepare(sink, lines, 2)
    assert.notDeepEqual(part.seal?.key, required(other, 'a part').seal?.key)
    assert.equal(part.seal?.key.length, 32)
  })

  it('is refused if it was changed or if this is not its key', async (test) => {
    const { folder, sink, part } = await prepared(test)
    const path = join(folder, part.pending)
    const sound = await readFile(path)
    const seal = required(part.seal, 'its seal')
    const wrongKey = { ...part, seal: { ...seal, key: seal.key.map((byte) => byte ^ 1) } }
    const changed = Uint8Array.from(sound)
    changed[sound.length - 1] = (changed.at(-1) ?? 0) ^ 1
    const refused = { code: 'CONNECTOR_FAILED', message: /other bytes than were written/ }
    await assert.rejects(commit(sink, [wrongKey]), refused)
    await writeFile(path, changed)
    await assert.rejects(commit(sink, [part]), refused)
    assert.deepEqual(await readdir(folder), [part.pending])
    await writeFile(path, sound)
    await commit(sink, [part])
    assert.deepEqual(await visibleLines(folder), lines)
  })

  it('is committed by a job that is not encrypted any more', async (test) => {
    const { folder, parts } = await prepared(test)
    await commit(fileSink<string>({ path: folder }), parts.map(restored))
    assert.deepEqual(await visibleLines(folder), lines)
  })
})

it('says of other hidden files what it always said', () => {
  const part = { directory: '/out', pending: 'a', final: 'b', lengthBytes: 3, crc32: 4 }
  assert.deepEqual(restored(part), part)
})
