// What a module that is no job gets: file, line, cause and cure, for each way to be wrong.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { isMillraceError, type MillraceError } from '../../src/errors.ts'
import { loadJobModule } from '../../src/runtime/load-module.ts'

const root = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-module-')))
after(() => rmSync(root, { recursive: true }))
write('package.json', '{ "type": "module" }')
write(
  'helper.ts',
  'export const a = 1\nexport interface Thing { a: number }\nexport type { Other } from "./x.ts"\n',
)

const jobModule = pathToFileURL(join(import.meta.dirname, '../../src/graph/job.ts')).href
const aJob = `new Job('counts', {}, {}, () => ({ nodes: [] }))`

function write(name: string, text: string): string {
  const path = join(root, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  return path
}

async function problemOf(path: string): Promise<MillraceError> {
  const error = await loadJobModule(path).then(
    () => assert.fail('it loaded'),
    (reason: unknown) => reason,
  )
  assert.ok(isMillraceError(error))
  assert.equal(error.code, 'JOB_MODULE_INVALID')
  return error
}

/** Checks file, line, cause and cure of a module of this text. */
async function check(
  name: string,
  text: string,
  expected: {
    readonly line?: number
    readonly file?: string
    readonly problem: RegExp
    readonly cure: RegExp
  },
): Promise<void> {
  const error = await problemOf(write(name, text))
  assert.match(error.message, expected.problem)
  assert.match(error.cure, expected.cure)
  assert.equal(error.details['file'], join(root, expected.file ?? name))
  assert.equal(error.details['line'], expected.line)
  if (expected.line !== undefined) assert.ok(error.message.includes(`:${expected.line}: `))
}

test('a module whose default export is a job is loaded, by path and by URL', async () => {
  const path = write('good.ts', `import { Job } from '${jobModule}'\nexport default ${aJob}\n`)
  for (const location of [path, pathToFileURL(path), pathToFileURL(path).href]) {
    assert.equal((await loadJobModule(location)).name, 'counts')
  }
})

test('an enum is named with its line', async () => {
  await check('enum.ts', 'const a = 1\nenum Color { Red }\nexport default a\n', {
    line: 2,
    problem: /only removes types.*enum/,
    cure: /as const/,
  })
})

test('an enum in an imported file is found there', async () => {
  write('colors.ts', '\n\nexport enum Color { Red }\n')
  await check('deep.ts', "import { Color } from './colors.ts'\nexport default Color\n", {
    file: 'colors.ts',
    line: 3,
    problem: /enum/,
    cure: /as const/,
  })
})

test('parameter properties and namespaces have cures of their own', async () => {
  await check('property.ts', 'class A { constructor(private a: number) {} }\nexport default A\n', {
    line: 1,
    problem: /parameter property/,
    cure: /assign it in the constructor/,
  })
  await check('namespace.ts', '\nnamespace A { export const b = 1 }\nexport default A\n', {
    line: 2,
    problem: /namespace/,
    cure: /module of its own/,
  })
})

test('an extensionless import is told the extension', async () => {
  await check('extensionless.ts', "\nimport { a } from './helper'\nexport default a\n", {
    line: 2,
    problem: /'\.\/helper' lacks its extension/,
    cure: /write '\.\/helper\.ts'/,
  })
})

test('imports of .js for .ts, of folders and of misspelt files are corrected', async () => {
  await check('compiled.ts', "import { a } from './helper.js'\nexport default a\n", {
    line: 1,
    problem: /no file for '\.\/helper\.js'/,
    cure: /write '\.\/helper\.ts'/,
  })
  write('folder/index.ts', 'export const a = 1\n')
  await check('directory.ts', "import { a } from './folder'\nexport default a\n", {
    line: 1,
    problem: /lacks its extension/,
    cure: /write '\.\/folder\/index\.ts'/,
  })
  await check('misspelt.ts', "import { a } from './hepler.ts'\nexport default a\n", {
    line: 1,
    problem: /no file/,
    cure: /write '\.\/helper\.ts'/,
  })
})

test('a package that is not installed is named', async () => {
  await check('package.ts', "\nimport a from 'no-such-package-here'\nexport default a\n", {
    line: 2,
    problem: /no-such-package-here is not installed/,
    cure: /npm install no-such-package-here/,
  })
})

test('a type imported as a value is told import type', async () => {
  await check(
    'type.ts',
    "import { a,\n  Thing } from './helper.ts'\nexport default a as unknown as Thing\n",
    {
      line: 2,
      problem: /Thing of '.*' is a type/,
      cure: /import type \{ Thing \} from '\.\/helper\.ts'/,
    },
  )
  await check('missing-export.ts', "import { b } from './helper.ts'\nexport default b\n", {
    line: 1,
    problem: /has no export b/,
    cure: /export it there/,
  })
})

test('no default export names the named export that is a job', async () => {
  await check('named.ts', `import { Job } from '${jobModule}'\nexport const counts = ${aJob}\n`, {
    problem: /no default export/,
    cure: /export default counts/,
  })
  await check('nothing.ts', 'export const a = 1\n', {
    problem: /no default/,
    cure: /export default job\(/,
  })
})

test('a default export that is no job is described', async () => {
  for (const [text, what] of [
    ['export default () => 1', /a function, not a job/],
    ['export default Promise.resolve()', /a promise/],
    ['export default 5', /is a number, not a job/],
    ['export default undefined', /is missing/],
  ] as const) {
    const error = await problemOf(write(`default-${text.length}.mjs`, text))
    assert.match(error.message, what)
    assert.match(error.cure, /export default job/)
  }
})

test('CommonJS is refused, whether Node runs it or not', async () => {
  await check('old.cjs', 'module.exports = {}\n', {
    problem: /CommonJS/,
    cure: /ES module/,
  })
  await check('old.js', '\nmodule.exports = {}\n', {
    line: 2,
    problem: /CommonJS/,
    cure: /export default job/,
  })
  await check('require.ts', "\nconst fs = require('node:fs')\nexport default fs\n", {
    line: 2,
    problem: /require is CommonJS/,
    cure: /import/,
  })
})

test('a package.json that makes the module CommonJS is named as the cause', async () => {
  write('commonjs/package.json', '{ "type": "commonjs" }')
  await check('commonjs/job.ts', "import { a } from '../helper.ts'\nexport default a\n", {
    line: 1,
    problem: /package\.json makes this file CommonJS/,
    cure: /"type": "module"/,
  })
})

test('TypeScript under node_modules is refused with the file', async () => {
  await check('node_modules/some/job.ts', 'export default 1\n', {
    problem: /under node_modules/,
    cure: /compile that package/,
  })
  write('node_modules/dependency/package.json', '{ "type": "module", "exports": "./index.ts" }')
  write('node_modules/dependency/index.ts', 'export const a = 1\n')
  await check('dependent.ts', "import { a } from 'dependency'\nexport default a\n", {
    file: 'node_modules/dependency/index.ts',
    problem: /under node_modules/,
    cure: /compile/,
  })
})

test('a missing file names a near one, and a folder is no job', async () => {
  const missing = await problemOf(join(root, 'helpr.ts'))
  assert.match(missing.message, /helpr\.ts: there is no such file/)
  assert.match(missing.cure, /did you mean .*helper\.ts/)
  mkdirSync(join(root, 'job.ts'))
  assert.match((await problemOf(join(root, 'job.ts'))).message, /folder/)
})

test('a syntax error has its line, in TypeScript, JavaScript and imported files', async () => {
  const text = 'const a = 1\nconst b = = 2\nexport default a\n'
  const expected = { line: 2, problem: /syntax error/, cure: /correct/ }
  await check('syntax.ts', text, expected)
  await check('syntax.mjs', text, expected)
  await check('imports-syntax.mjs', "import './syntax.mjs'\nexport default 1\n", {
    ...expected,
    file: 'syntax.mjs',
  })
})

test('an exception while loading keeps its place and its cause', async () => {
  const path = write(
    'throws.ts',
    '\nfunction f() {\n  throw new RangeError("boom")\n}\nexport default f()\n',
  )
  const error = await problemOf(path)
  assert.match(
    error.message,
    /throws\.ts:3: the module threw while it was loaded: RangeError: boom/,
  )
  assert.ok(error.cause instanceof RangeError)
  const text = await problemOf(write('throws-text.ts', 'throw "text"\n'))
  assert.match(text.message, /threw while it was loaded: text/)
})

test('other kinds of files and of addresses are refused', async () => {
  await check('job.txt', 'text', { problem: /no module/, cure: /\.ts/ })
  await check('imports-tsx.ts', "import './view.tsx'\nexport default 1\n", {
    problem: /no file|does not run/,
    line: 1,
    cure: /./,
  })
  await assert.rejects(loadJobModule('https://example.org/job.ts'), {
    code: 'JOB_MODULE_INVALID',
  })
})

test('an error of Millrace that the module raises passes unchanged', async () => {
  const errors = pathToFileURL(join(import.meta.dirname, '../../src/errors.ts')).href
  const path = write(
    'raises.ts',
    `import { MillraceError as E } from '${errors}'\nthrow new E('JOB_DUPLICATE_UID', '')\n`,
  )
  await assert.rejects(loadJobModule(path), { code: 'JOB_DUPLICATE_UID' })
})
