// What `millrace run` says of a module that is no job: file, line, cause and cure, once. The many
// variants are in test/runtime/load-module.test.ts; here is that they reach the user.
import { execFileSync, spawnSync } from 'node:child_process'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { stripTypeScriptTypes } from 'node:module'
import { describe, it } from 'node:test'
import { assertFailure, project } from './project.ts'

const job = "import { job } from 'millrace'\n"
const rest = "job('x', (env) => env.fromElements('n', [1]).print())\n"

interface Case {
  readonly what: string
  readonly files: Readonly<Record<string, string>>
  /** The module to run. Default: the first of the files. */
  readonly run?: string
  readonly line?: number
  /** The file at fault, where it is not the one that is run. */
  readonly file?: string
  readonly says: RegExp
  readonly cure: RegExp
}

const cases: readonly Case[] = [
  {
    what: 'an enum',
    files: { 'job.ts': `${job}\nenum Color { Red }\nexport default ${rest}` },
    line: 3,
    says: /job\.ts:3: .*removes types.*enum/,
    cure: /union.*as const/,
  },
  {
    what: 'an enum of an imported file',
    files: {
      'job.ts': `${job}import { Color } from './color.ts'\nexport default ${rest}`,
      'color.ts': '// Colors.\nexport enum Color { Red }\n',
    },
    line: 2,
    file: 'color.ts',
    says: /color\.ts:2: .*enum/,
    cure: /union/,
  },
  {
    what: 'an import without extension',
    files: {
      'job.ts': `${job}import { two } from './helper'\nexport default ${rest}`,
      'helper.ts': 'export const two = 2\n',
    },
    line: 2,
    says: /job\.ts:2: .*'\.\/helper' lacks its extension/,
    cure: /write '\.\/helper\.ts'/,
  },
  {
    what: 'a type that is imported as a value',
    files: {
      'job.ts': `${job}import { Thing } from './types.ts'\nexport default ${rest}`,
      'types.ts': 'export interface Thing { a: 1 }\n',
    },
    line: 2,
    says: /job\.ts:2: Thing of '\.\/types\.ts' is a type/,
    cure: /import type \{ Thing \}/,
  },
  {
    what: 'a type of the package that is imported as a value',
    files: { 'job.ts': `import { job, Duration } from 'millrace'\nexport default ${rest}` },
    line: 1,
    says: /job\.ts:1: 'millrace' has no export Duration/,
    cure: /import type \{ Duration \}/,
  },
  {
    what: 'no default export',
    files: { 'job.ts': `${job}export const words = ${rest}` },
    says: /job\.ts has no default export/,
    cure: /export default words/,
  },
  {
    what: 'a default export that is something else',
    files: { 'job.ts': `${job}export default () => ${rest}` },
    says: /a function, not a job/,
    cure: /export default job\(/,
  },
  {
    what: 'CommonJS by its extension',
    files: { 'job.cjs': `const { job } = require('millrace')\nmodule.exports = ${rest}` },
    says: /job\.cjs is a CommonJS module/,
    cure: /ES module/,
  },
  {
    what: 'CommonJS by its package.json',
    files: {
      'old/job.ts': `${job}export default ${rest}`,
      'old/package.json': '{ "type": "commonjs" }',
    },
    line: 1,
    says: /package\.json makes this file CommonJS/,
    cure: /"type": "module"/,
  },
  {
    what: 'CommonJS words in an ES module',
    files: { 'job.ts': `const { job } = require('millrace')\nexport default ${rest}` },
    line: 1,
    says: /job\.ts:1: require is CommonJS/,
    cure: /import/,
  },
  {
    what: 'TypeScript under node_modules',
    files: { 'node_modules/some/job.ts': `${job}export default ${rest}` },
    says: /under node_modules/,
    cure: /compile that package/,
  },
  {
    what: 'an error of syntax',
    files: { 'job.ts': `${job}export default job('x', (env) => {\n  env env\n})\n` },
    line: 3,
    says: /job\.ts:3: syntax error/,
    cure: /correct/,
  },
  {
    what: 'a module that throws',
    files: { 'job.ts': `${job}\nthrow new RangeError('boom')\n` },
    line: 3,
    says: /job\.ts:3: .*threw while it was loaded: RangeError: boom/,
    cure: /./,
  },
  {
    what: 'a file that is not there',
    files: { 'jobs.ts': '' },
    run: 'job.ts',
    file: 'job.ts',
    says: /job\.ts: there is no such file/,
    cure: /did you mean .*jobs\.ts/,
  },
]

describe('millrace run with a module that is no job', { concurrency: 2 }, () => {
  for (const { what, files, run, line, file, says, cure } of cases) {
    it(`explains ${what}`, async (test) => {
      const { path, write, millrace } = project(test)
      for (const [name, text] of Object.entries(files)) write(name, text)
      const module = run ?? Object.keys(files)[0] ?? ''
      const outcome = await millrace('run', module)
      const details = { file: join(path, file ?? module), line }
      assertFailure(outcome, { exit: 2, code: 'JOB_MODULE_INVALID', says, cure, details })
      assert.equal(outcome.out, '')
    })
  }
})

/** A real Node that is too old, if this machine has one. */
function oldNode(): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const node = join(folder, process.platform === 'win32' ? 'node.exe' : 'node')
    const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' })
    const major = Number(/^v(\d+)\./.exec(stdout ?? '')?.[1])
    if (major >= 16 && major < 24) return node
  }
  return undefined
}

describe('millrace on a Node that is too old', () => {
  const node = oldNode()
  const skip = node === undefined ? 'there is none on the path' : false
  it('says which one is needed and ends with 2', { skip }, (test) => {
    const { path, write } = project(test)
    const source = readFileSync(join(import.meta.dirname, '../../src/cli/bin.ts'), 'utf8')
    // As it is published: this Node cannot read TypeScript.
    const bin = write('bin.js', stripTypeScriptTypes(source))
    const version = execFileSync(node ?? '', ['--version'], { encoding: 'utf8' })
      .trim()
      .slice(1)
    const { status, stdout, stderr } = spawnSync(node ?? '', [bin, 'run', 'job.ts'], {
      cwd: path,
      encoding: 'utf8',
    })
    assertFailure(
      { code: status, out: stdout, err: stderr },
      {
        exit: 2,
        code: 'NODE_UNSUPPORTED',
        says: new RegExp(`needs Node\\.js 24 or newer, and this is ${version}`),
        cure: /use Node\.js 24 or newer/,
      },
    )
  })
})
