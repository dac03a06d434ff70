import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isMillraceError } from '../../src/errors.ts'
import { appendPiece, readPiece } from '../../src/storage/scratch.ts'
import { LocalScratch } from '../../src/storage/scratch-local.ts'
import { MemoryScratch } from '../../src/storage/scratch-memory.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-scratch-'))
after(() => rmSync(folder, { recursive: true, force: true }))

for (const [kind, open] of [
  ['local', () => new LocalScratch(join(folder, 'scratch'))],
  ['memory', () => new MemoryScratch()],
] as const) {
  test(`${kind}: a file gives back what was appended, also while it grows`, () => {
    const scratch = open()
    const file = scratch.create('a')
    const chunk = new Uint8Array([1, 2, 3])
    file.append(chunk)
    chunk.fill(9)
    file.append(chunk)
    assert.equal(file.lengthBytes, 6)
    assert.deepEqual([...file.read(1, 4)], [2, 3, 9, 9])
    file.append(new Uint8Array(100_000).fill(5))
    assert.deepEqual([...file.read(100_004, 2)], [5, 5])
    assert.throws(() => file.read(100_005, 2), { code: 'STORAGE_CORRUPT' })
    file.delete()
    file.delete()
    assert.throws(() => file.append(chunk), { name: 'AssertionError' })
    scratch.close()
    scratch.close()
    assert.throws(() => scratch.create('b'), { name: 'AssertionError' })
  })

  test(`${kind}: a name is used once and stays in the folder`, () => {
    const scratch = open()
    scratch.create('a')
    assert.throws(() => scratch.create('a'))
    assert.throws(() => scratch.create('../a'), { name: 'AssertionError' })
    assert.throws(() => scratch.create('b/a'), { name: 'AssertionError' })
    scratch.close()
  })
}

test('a real folder is emptied when it is opened and gone when it is closed', () => {
  const directory = join(folder, 'attempt')
  new LocalScratch(directory).create('left')
  writeFileSync(join(directory, 'other'), 'x')
  const scratch = new LocalScratch(directory)
  assert.deepEqual(readdirSync(directory), [])
  scratch.create('mine').append(new Uint8Array(1))
  scratch.close()
  assert.equal(existsSync(directory), false)
})

test('a piece that the disk has changed is refused, the others are read', () => {
  const scratch = new LocalScratch(join(folder, 'flipped'))
  const file = scratch.create('a')
  const pieces = [10, 20_000, 0, 30].map((length, index) =>
    appendPiece(file, new Uint8Array(length).fill(index)),
  )
  const path = join(scratch.directory, 'a')
  const bytes = readFileSync(path)
  bytes[10_000] = (bytes[10_000] ?? 0) ^ 4
  writeFileSync(path, bytes)
  const read = pieces.map((piece) => {
    try {
      return readPiece(file, piece).length
    } catch (error) {
      assert.ok(isMillraceError(error) && error.code === 'STORAGE_FAILED')
      assert.match(error.message, /other bytes at 10 than/)
      return 'refused'
    }
  })
  assert.deepEqual(read, [10, 'refused', 0, 30])
  scratch.close()
})
