// The house style, tested: layers, cycles, sizes, hidden inputs and left-overs in the whole
// repository; and that each rule does fail on a small tree that breaks it.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { violations } from './tidy/rules.ts'
import { unusedExports } from './tidy/unused.ts'

const root = join(import.meta.dirname, '..')
const checked = /\.(ts|mjs|cjs|md|json|yaml|sh)$|\/run$/
const passedOver = /^(node_modules|dist|coverage|\.git|\.millrace|\.found|package-lock\.json)$/

function* filesBelow(folder: string): Generator<string> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (passedOver.test(entry.name) || path === 'test/fixtures') continue
    if (entry.isDirectory()) yield* filesBelow(path)
    else if (checked.test(path)) yield path
  }
}

describe('the repository', () => {
  const tree = new Map<string, string>()
  for (const path of filesBelow('')) tree.set(path, readFileSync(join(root, path), 'utf8'))

  it('keeps the house style', () => {
    assert.ok(tree.has('package.json') && tree.has('test/tidy.test.ts'), 'the tree was read')
    assert.deepEqual(violations(tree), [])
  })

  it('exports nothing that nobody imports', () => {
    const subpaths = new Map(
      [
        ...(tree.get('package.json') ?? '').matchAll(
          /"\.(.*)": \{\s*"millrace-source": "\.\/(.*)"/g,
        ),
      ].map(([, subpath, source]) => [`millrace${subpath}`, source ?? ''] as const),
    )
    assert.equal(subpaths.get('millrace'), 'src/index.ts')
    assert.deepEqual(unusedExports(tree, subpaths), [])
  })
})

const head = '// A file.\n'
const lines = (count: number, line: string) => `${line}\n`.repeat(count)
const unfinished = 'TO' + 'DO'

/** Each rule: a path, a text that breaks the rule, and a part of what must be said. */
const broken: readonly (readonly [rule: string, path: string, text: string, said: RegExp])[] = [
  ['an import up', 'src/util/a.ts', "import '../types/b.ts'\n", /util \(row 0\) imports types/],
  ['an import sideways', 'src/api/a.ts', "import { b } from '../runtime/b.ts'\n", /api .* runtime/],
  ['a type import up', 'src/state/a.ts', "import type { B } from '../graph/b.ts'\n", /graph/],
  [
    'an import over lines',
    'src/state/a.ts',
    "import {\n  b,\n} from '../api/b.ts'\n",
    /imports api/,
  ],
  [
    'a dynamic import up',
    'src/graph/a.ts',
    "await import('../api/b.ts')\n",
    /graph .* imports api/,
  ],
  ['time → state', 'src/time/a.ts', "import { b } from '../state/b.ts'\n", /time .* imports state/],
  ['connectors → graph', 'src/connectors/a.ts', "import '../graph/b.ts'\n", /may not import graph/],
  ['an unknown room', 'src/heap/a.ts', "import '../util/b.ts'\n", /not in the table/],
  ['an import of tests', 'src/util/a.ts', "import '../../test/b.ts'\n", /outside/],
  ['no extension', 'src/util/a.ts', "import { b } from './b'\n", /lacks its \.ts/],
  ['files', 'src/state/a.ts', "import { open } from 'node:fs/promises'\n", /does not belong/],
  ['threads', 'src/api/a.ts', "import { Worker } from 'node:worker_threads'\n", /not belong/],
  ['the native module', 'src/state/rocksdb/b.ts', "import('@nxtedition/rocksdb')\n", /not belong/],
  ['a new dependency', 'src/util/a.ts', "import _ from 'lodash'\n", /not a dependency/],
  ['a long file', 'src/util/a.ts', lines(300, 'f()'), /301 lines/],
  ['a long line', 'test/a.test.ts', `const a = '${'x'.repeat(100)}'\n`, /columns/],
  [
    'a long function',
    'src/util/a.ts',
    `function f(): void {\n${lines(70, '  g()')}}\n`,
    /72 lines/,
  ],
  [
    'a long method',
    'src/util/a.ts',
    `class A {\n  f(a: B) {\n${lines(70, '    g()')}  }\n}\n`,
    /72/,
  ],
  ['a long arrow', 'test/a.ts', `const f = async () => {\n${lines(70, '  g()')}}\n`, /72 lines/],
  ['any', 'src/util/a.ts', 'export function f(a: any) {}\n', /any/],
  ['as any', 'test/a.test.ts', 'const a = b as any\n', /any/],
  ['export *', 'src/util/a.ts', "export * from './b.ts'\n", /exports everything/],
  ['the clock', 'src/state/a.ts', 'const a = Date.now()\n', /take a Clock/],
  ['a date', 'src/state/a.ts', 'const a = new Date()\n', /take a Clock/],
  ['a timer', 'src/runtime/a.ts', 'globalThis.setTimeout(f, 1)\n', /take a Clock/],
  ['a timer of node', 'src/runtime/a.ts', "import { setTimeout } from 'node:timers'\n", /Clock/],
  ['chance', 'src/runtime/a.ts', 'const a = crypto.randomUUID()\n', /take a Random/],
  ['logic in an index', 'src/index.ts', 'export const a = 1\n', /only list names/],
  ['an oracle', 'simulation/oracle.ts', "import '../src/state/a.ts'\n", /shares nothing/],
  ['an unfinished thing', 'README.md', `${unfinished}: write\n`, /unfinished/],
  ['a path', 'docs/a.md', `see ${'/ro' + 'ot'}/a\n`, /path of one machine/],
  ['silence', 'test/a.ts', `// @ts-${'ignore'}\n`, /silences/],
]

describe('the rules', () => {
  for (const [rule, path, text, said] of broken) {
    it(`find ${rule}`, () => {
      const found = violations(new Map([[path, head + text]]))
      assert.ok(
        found.some((line) => said.test(line)),
        found.join('\n'),
      )
    })
  }

  it('find an oracle that imports the engine by way of another file', () => {
    const found = violations(
      new Map([
        ['simulation/checks/a.ts', `${head}import { b } from '../b.ts'\n`],
        ['simulation/b.ts', `${head}import type { c } from '../src/runtime/c.ts'\n`],
      ]),
    )
    assert.equal(found.length, 1)
    assert.match(found[0] ?? '', /checks\/a\.ts:2: .*runtime\/c\.ts, by way of simulation\/b\.ts/)
  })

  it('find a source file without a head comment', () => {
    assert.match(violations(new Map([['src/util/a.ts', 'export {}\n']])).join(), /does not open/)
  })

  it('find an export that nobody imports', () => {
    const tree = new Map([
      ['src/util/a.ts', `${head}export const a = 1\nexport function b(): void {}\n`],
      ['src/util/c.ts', `${head}import { a } from './a.ts'\nexport const c = a\n`],
      ['test/c.test.ts', "import { c } from 'millrace/c'\n"],
    ])
    const found = unusedExports(tree, new Map([['millrace/c', 'src/util/c.ts']]))
    assert.deepEqual(found, ['src/util/a.ts:3: nobody imports b; delete it or do not export it'])
  })

  it('find a cycle of imports and name its files', () => {
    const a = `${head}import { b } from './b.ts'\n`
    const b = `${head}import type { a } from './a.ts'\n`
    const found = violations(
      new Map([
        ['src/util/a.ts', a],
        ['src/util/b.ts', b],
      ]),
    )
    assert.deepEqual(found, ['import cycle: src/util/a.ts → src/util/b.ts → src/util/a.ts'])
  })

  it('accept what is allowed, and words in comments and strings', () => {
    const tree = new Map([
      ['src/state/a.ts', `${head}import '../storage/b.ts'\nimport { t } from '../time/t.ts'\n`],
      ['src/util/clock.ts', `${head}export const now = () => Date.now()\n`],
      ['src/storage/local.ts', `${head}import { open } from 'node:fs/promises'\n`],
      [
        'src/api/a.ts',
        `${head}// any use of Date.now is banned\nconst a = 'as any, Math.random'\n`,
      ],
      [
        'src/index.ts',
        `${head}export { job } from './api/job.ts'\nexport type {\n  A,\n} from './a.ts'\n`,
      ],
      ['test/a.test.ts', `describe('a', () => {\n${lines(80, '  g()')}})\n`],
    ])
    assert.deepEqual(violations(tree), ['src/index.ts:3: the room a is not in the table of layers'])
  })
})
