// Which files a path means, when they are found, and what wrong paths and options get.
import assert from 'node:assert/strict'
import { chmod, mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { fileSource } from '../../../src/connectors/file/source.ts'
import { readAll, sourceContext, temporaryFolder, writeFiles } from '../helpers.ts'

const FILES = {
  'b.txt': 'b\n',
  'a.txt': 'a\n',
  'A.txt': 'A\n',
  'c.log': 'c\n',
  '.hidden': 'hidden\n',
  _SUCCESS: 'done\n',
  'sub/d.txt': 'd\n',
}

describe('the path of a file source', () => {
  it('may be a folder: its files by their names, without hidden ones', async (test) => {
    const folder = await temporaryFolder(test)
    await writeFiles(folder, FILES)
    await symlink(join(folder, 'sub/d.txt'), join(folder, 'z.txt'))
    const { values } = await readAll(fileSource({ path: folder }))
    assert.deepEqual(values, ['A', 'a', 'b', 'c', 'd'])
  })

  it('may be a glob, a URL, or several', async (test) => {
    const folder = await temporaryFolder(test)
    await writeFiles(folder, FILES)
    const read = async (path: string | URL | (string | URL)[]) =>
      (await readAll(fileSource({ path }))).values
    assert.deepEqual(await read(join(folder, '*.txt')), ['A', 'a', 'b'])
    assert.deepEqual(await read(join(folder, '**/*.txt')), ['A', 'a', 'b', 'd'])
    assert.deepEqual(await read(pathToFileURL(join(folder, 'a.txt'))), ['a'])
    assert.deepEqual(await read([join(folder, 'b.txt'), folder]), ['b', 'A', 'a', 'c'])
  })

  it('may hold characters of a glob if such a file exists', async (test) => {
    const path = await writeFiles(await temporaryFolder(test), { '[1].txt': 'x\n', '1.txt': 'y\n' })
    assert.deepEqual((await readAll(fileSource({ path }))).values, ['x'])
  })

  it('that does not exist is an error that names it', async (test) => {
    const folder = await temporaryFolder(test)
    for (const name of ['nothing.txt', '*.nothing']) {
      await assert.rejects(readAll(fileSource({ path: join(folder, name) })), {
        code: 'CONNECTOR_INPUT_MISSING',
        message: new RegExp(name.replace('*', '\\*')),
      })
    }
  })

  it('that cannot be read is an error with the code of the system', async (test) => {
    const folder = await temporaryFolder(test)
    const path = await writeFiles(folder, { 'a.txt': 'a\n' })
    await assert.rejects(readAll(fileSource({ path: join(path, 'below') })), {
      code: 'CONNECTOR_FAILED',
      message: /ENOTDIR/,
      retryable: false,
    })
    if (process.getuid?.() === 0) return // who may read everything
    await chmod(path, 0)
    await assert.rejects(readAll(fileSource({ path })), {
      code: 'CONNECTOR_FAILED',
      message: /EACCES/,
    })
  })
})

describe('a watched folder', () => {
  it('gives files that appear, keeps those that grow, and is not bounded', async (test) => {
    const folder = await temporaryFolder(test)
    await writeFiles(folder, { 'a.txt': 'a\n' })
    const source = fileSource({ path: folder, watch: '5 s', splitBytes: 4_096 })
    assert.equal(source.bounded, false)
    assert.equal(source.discoverEveryMs, 5_000)
    const first = await source.discover(sourceContext())
    await writeFiles(folder, { 'a.txt': 'a\n'.repeat(9_000), 'b.txt': 'b\n', 'empty.txt': '' })
    const second = await source.discover(sourceContext())
    assert.equal(second.length, 2)
    assert.deepEqual(second[0], first[0])
  })

  it('may match nothing yet', async (test) => {
    const folder = await temporaryFolder(test)
    await mkdir(join(folder, 'in'))
    const source = fileSource({ path: join(folder, 'in/*.txt'), watch: 1_000 })
    assert.deepEqual(await source.discover(sourceContext()), [])
  })
})

describe('the options of a file source', () => {
  const wrong: readonly (readonly [
    options: Record<string, unknown>,
    code: string,
    said: RegExp,
  ])[] = [
    [{}, 'CONFIG_INVALID', /path is missing/],
    [{ path: [] }, 'CONFIG_INVALID', /path/],
    [{ path: 5 }, 'CONFIG_INVALID', /path is 5/],
    [{ path: 'a', formt: 1 }, 'CONFIG_UNKNOWN_OPTION', /no option "formt"/],
    [{ path: 'a', format: 'lines' }, 'CONFIG_INVALID', /format is "lines"/],
    [{ path: 'a', onMalformed: 'ignore' }, 'CONFIG_INVALID', /onMalformed is "ignore"/],
    [{ path: 'a', splitBytes: 1 }, 'CONFIG_INVALID', /splitBytes/],
    [{ path: 'a', recordBytesMax: '1GB' }, 'CONFIG_INVALID', /recordBytesMax/],
    [{ path: 'a', watch: 'often' }, 'CONFIG_INVALID', /watch/],
  ]
  for (const [options, code, said] of wrong) {
    it(`are refused: ${JSON.stringify(options)}`, () => {
      // What a program in plain JavaScript may pass.
      const make = fileSource as (options: unknown) => unknown
      assert.throws(() => make(options), { code, message: said })
    })
  }
})
