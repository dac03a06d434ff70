/**
 * A user's project in a folder of its own, in which job modules import `millrace` by its name, and
 * the command runs as a program. What it says of a failure is read here, strictly: exactly one
 * error, said once.
 */
import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { start, temporaryFolder, type Outcome } from '../cli/cli.ts'

const repository = join(import.meta.dirname, '../..')

export interface Project {
  readonly path: string
  /** Writes a file; its folders are made. Returns the whole path. */
  readonly write: (name: string, text: string) => string
  /** Runs `millrace …` in the project to its end. */
  readonly millrace: (...args: string[]) => Promise<Outcome>
  /** Starts `millrace …`; what still runs at the end of the test is killed. */
  readonly start: (...args: string[]) => ReturnType<typeof start>
}

export function project(test: TestContext): Project {
  const folder = temporaryFolder()
  const { path } = folder
  const write = (name: string, text: string): string => {
    const file = join(path, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    return file
  }
  write('package.json', '{ "private": true, "type": "module" }\n')
  mkdirSync(join(path, 'node_modules'))
  symlinkSync(repository, join(path, 'node_modules/millrace'), 'dir')
  const started: ReturnType<typeof start>[] = []
  test.after(async () => {
    for (const { child, ended } of started) {
      child.kill('SIGKILL')
      await ended
    }
    folder.remove()
  })
  const startIn = (...args: string[]) => {
    const process = start(path, args)
    started.push(process)
    return process
  }
  return { path, write, start: startIn, millrace: (...args) => startIn(...args).ended }
}

/** What a failure must say. */
export interface Expected {
  readonly exit: number
  readonly code: string
  /** The message: with file and line, operator or path. */
  readonly says: RegExp
  readonly cure: RegExp
  /** Facts for programs. */
  readonly details?: Readonly<Record<string, unknown>>
}

/** The error that ended a command; `undefined` fields are not there. */
export interface Failure {
  readonly code: string
  readonly message: string
  readonly cure: string
  readonly details: Readonly<Record<string, unknown>>
}

/** Checks exit code, code, message and cure, and that the error is told exactly once. */
export function assertFailure(outcome: Outcome, expected: Expected): Failure {
  const { code: exit, err } = outcome
  const failures = err.includes('"level":"error"') ? loggedErrors(err) : printedErrors(err)
  assert.equal(failures.length, 1, `one error:\n${err}`)
  const failure = failures[0] as Failure // there is exactly one
  assert.equal(failure.code, expected.code, err)
  assert.match(failure.message, expected.says)
  assert.match(failure.cure, expected.cure)
  for (const [name, value] of Object.entries(expected.details ?? {})) {
    assert.deepEqual(failure.details[name], value, `details.${name}`)
  }
  assert.equal(exit, expected.exit, err)
  assert.doesNotMatch(err, /\[object Object\]|undefined|NaN/)
  assert.ok(!outcome.out.includes(failure.message), 'not on standard output, too')
  return failure
}

/** A running command logs JSON lines; every line must be one, but for what Node itself warns of. */
function loggedErrors(err: string): Failure[] {
  return logLines(err)
    .filter((line) => line['level'] === 'error')
    .map((line) => line['error'] as Failure)
}

export function logLines(err: string): Readonly<Record<string, unknown>>[] {
  const lines = err.split('\n').filter((line) => line !== '' && !/^\((node:\d+|Use `)/.test(line))
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
}

/** What is wrong before anything runs is told as text. */
function printedErrors(err: string): Failure[] {
  const pattern = /^error: (.*)\n(?: {2}caused by: .*\n)*? {2}→ (.*) \((\w+)\)$/gm
  return [...err.matchAll(pattern)].map(([, message = '', cure = '', code = '']) => {
    return { code, message, cure, details: {} }
  })
}

/** A file of a bounded job that prints what `body` makes of `env`. */
export function jobModule(name: string, body: string, options = ''): string {
  return [
    "import { job, t, keyedProcess, valueState } from 'millrace'",
    "import { dataGenerator, fileSink, fileSource, lines } from 'millrace/connectors'",
    '',
    `const options = { backend: 'hashmap', restart: { strategy: 'none' }, ${options} }`,
    `export default job('${name}', options, (env, params) => {`,
    body.replace(/^/gm, '  '),
    '})',
    '',
  ].join('\n')
}

/** Resolves when the condition holds; fails with `what` when it has not for a minute. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (let waitedMs = 0; !condition(); waitedMs += 10) {
    assert.ok(waitedMs < 60_000, what)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
