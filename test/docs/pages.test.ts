// What README and guides show is compiled and run, and their links lead somewhere.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { anchorsOf, type Block, blocksOf, linksOf, projectWith, readPage, root } from './pages.ts'

const execute = promisify(execFile)
const timeoutMs = 240_000

/** Runs node with the sources' condition; fails with what it printed. */
async function node(cwd: string, ...args: readonly string[]): Promise<string> {
  const all = ['--conditions=millrace-source', ...args]
  // With what it inherits from this test, `node --test` would run nothing, and succeed.
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined }
  const { stdout } = await execute(process.execPath, all, { cwd, env, timeout: timeoutMs })
  return stdout
}

const compile = (folder: string): Promise<string> =>
  node(folder, join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', folder)
const millrace = (folder: string, ...args: readonly string[]): Promise<string> =>
  node(folder, join(root, 'src', 'cli', 'bin.ts'), ...args)

async function pages(): Promise<readonly string[]> {
  const found = ['README.md']
  const below = ['examples', 'docs/guide']
  for (const folder of below) {
    for (const path of await readdir(join(root, folder), { recursive: true })) {
      if (path.endsWith('.md')) found.push(`${folder}/${path}`)
    }
  }
  return found
}

describe('the README', () => {
  it('opens with a word count of at most 12 lines that compiles and counts', async () => {
    const text = await readPage('README.md')
    const [block] = blocksOf(text)
    assert.ok(block !== undefined)
    const lines = block.code.split('\n').filter((line) => line.trim() !== '')
    assert.ok(lines.length <= 12, `${lines.length} lines`)
    const folder = await projectWith([{ name: 'word-count.ts', code: block.code }])
    await compile(folder)
    await writeFile(join(folder, 'books'), 'To be, or not to be:\nthat is the question.\n')
    const command = /npx millrace (run .*)\n/.exec(text)?.[1] ?? ''
    await millrace(folder, ...command.split(' '))
    const counts = await readdir(join(folder, 'counts'))
    const [visible = ''] = counts.filter((name) => !name.startsWith('.'))
    const rows = (await readFile(join(folder, 'counts', visible), 'utf8')).trimEnd().split('\n')
    const expected = ['be', 'is', 'not', 'or', 'question', 'that', 'the', 'to'].map((key) => {
      return JSON.stringify({ key, value: key === 'be' || key === 'to' ? 2 : 1 })
    })
    assert.deepEqual(rows.toSorted(), expected)
  })
})

describe('the guide', () => {
  it('for getting started compiles, and its jobs and its test run', async () => {
    const blocks = blocksOf(await readPage('docs/guide/getting-started.md'))
    const names = blocks.map((block) => block.name)
    assert.deepEqual(names.slice(0, 3), ['words.ts', 'visits.ts', 'returning.ts'])
    const folder = await projectWith(blocks)
    await compile(folder)

    await writeFile(join(folder, 'book.txt'), 'to be or not to be\n')
    const printed = await millrace(folder, 'run', 'words.ts', '--param', 'input=book.txt')
    assert.equal(printed.trim().split('\n').length, 6, printed)

    const test = blocks.find(({ code }) => code.includes("from 'node:test'"))
    assert.ok(test !== undefined)
    await node(folder, '--test', test.name)

    const day = 86_400_000
    const visits = [0, 2, 40].map((days) => ({ user: 'ann', page: '/', at: days * day }))
    await writeFile(join(folder, 'visits'), visits.map((visit) => JSON.stringify(visit)).join('\n'))
    const embedded = blocks.find(({ code }) => code.includes('await handle.finished'))
    assert.ok(embedded !== undefined)
    await node(folder, embedded.name)
    const [part = ''] = await readdir(join(folder, 'returning'))
    const output = await readFile(join(folder, 'returning', part), 'utf8')
    assert.equal(output, '{"user":"ann","days":38}\n')
  })
})

describe('the guide to windows', () => {
  it('compiles, and its job counts', async () => {
    const blocks = blocksOf(await readPage('docs/guide/windows.md'))
    assert.deepEqual(
      blocks.map((block) => block.name),
      ['page-views.ts'],
    )
    const folder = await projectWith(blocks)
    await compile(folder)
    const ats = [10_000, 59_999, 30_000, 60_000, 2_000_000]
    const clicks = ats.map((at) => ({ page: '/', user: 'ann', at }))
    await writeFile(join(folder, 'clicks'), clicks.map((click) => JSON.stringify(click)).join('\n'))
    await millrace(folder, 'run', 'page-views.ts')
    assert.deepEqual(await rowsOf(join(folder, 'views')), [
      '{"key":"/","window":{"start":0,"end":60000},"value":3}',
      '{"key":"/","window":{"start":1980000,"end":2040000},"value":1}',
      '{"key":"/","window":{"start":60000,"end":120000},"value":1}',
    ])
    assert.deepEqual(await rowsOf(join(folder, 'visits')), [
      '{"user":"ann","from":10000,"pages":4}',
      '{"user":"ann","from":2000000,"pages":1}',
    ])
  })
})

/** Pages that show fragments, which are no modules. */
const fragments = new Set(['connectors.md', 'writing-a-backend.md'].map((it) => `docs/guide/${it}`))

describe('every other guide', () => {
  it('compiles, and the tests it shows pass', async () => {
    const blocks: Block[] = []
    for (const page of await pages()) {
      if (!page.startsWith('docs/guide/') || fragments.has(page)) continue
      const own = blocksOf(await readPage(page))
      blocks.push(...own.map(({ name, code }) => ({ name: `${page}/${name}`, code })))
    }
    // One project, a folder for each page: the sources are compiled once.
    const folder = await projectWith(blocks)
    await compile(folder).catch((error: unknown) => assert.fail(outputOf(error)))
    const tests = blocks.filter(({ code }) => code.includes("from 'node:test'"))
    for (const { name } of tests) {
      const failed = (error: unknown) => assert.fail(`${name}: ${outputOf(error)}`)
      await node(join(folder, dirname(name)), '--test', basename(name)).catch(failed)
    }
  })
})

/** What a program printed before it failed. */
function outputOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'stdout' in error
    ? String(error.stdout)
    : String(error)
}

/** The lines of the visible files of a file sink, sorted. */
async function rowsOf(output: string): Promise<readonly string[]> {
  const names = (await readdir(output)).filter((name) => !name.startsWith('.'))
  const texts = await Promise.all(names.map((name) => readFile(join(output, name), 'utf8')))
  return texts.flatMap((text) => text.trimEnd().split('\n')).toSorted()
}

describe('the pages', () => {
  it('link only to what is there', async () => {
    const dead: string[] = []
    for (const page of await pages()) {
      const text = await readPage(page)
      for (const link of linksOf(text)) {
        const [path = '', anchor] = link.split('#')
        const target = path === '' ? page : join(dirname(page), path)
        if (!existsSync(join(root, target))) dead.push(`${page}: ${link}`)
        else if (anchor !== undefined && !anchorsOf(await readPage(target)).has(anchor)) {
          dead.push(`${page}: ${link} (no such heading)`)
        }
      }
    }
    assert.deepEqual(dead, [])
  })

  it('name every example, each with a page of its own', async () => {
    const readme = await readPage('README.md')
    for (const name of await readdir(join(root, 'examples'))) {
      assert.ok(existsSync(join(root, 'examples', name, 'README.md')), name)
      assert.ok(readme.includes(`(examples/${name})`), name)
    }
  })
})
