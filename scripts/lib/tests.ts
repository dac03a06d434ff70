// Runs the test files and reports briefly: nothing of what is well, every failure in full with what
// its file printed; the counts are for the closing words of the gate.
import { relative } from 'node:path'
import { run } from 'node:test'
import { inspect, stripVTControlCharacters } from 'node:util'
import { root } from './process.ts'

export interface TestCounts {
  readonly tests: number
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly files: number
  /** The files that took longest, and how long. */
  readonly slowest: string
}

interface Failure {
  readonly title: string
  readonly file: string
  readonly line: number
  readonly error: unknown
}

/** So many are worth a look when the gate gets slow. */
const SLOWEST = 8
/** How much of a failing file's own output is shown; the end of it tells most. */
const outputCharactersMax = 8_000

/** Runs what the patterns match, two files at a time: the machine of the gate has two cores. */
export async function runTests(patterns: readonly string[]): Promise<TestCounts> {
  const stream = run({
    cwd: root,
    globPatterns: patterns,
    concurrency: 2,
    execArgv: ['--conditions=millrace-source'],
    timeout: 600_000,
  })
  const failures: Failure[] = []
  const output = new Map<string, string>()
  let counts = { tests: 0, passed: 0, failed: 0, skipped: 0 }
  const times = new Map<string, number>()

  for await (const { type, data } of stream) {
    if (type === 'test:stdout' || type === 'test:stderr') {
      output.set(data.file, (output.get(data.file) ?? '') + data.message)
    } else if (type === 'test:fail') {
      const { error } = data.details
      // A suite fails because a test in it did; only the test itself is worth reading.
      if ('failureType' in error && error.failureType === 'subtestsFailed') continue
      const failure = { title: data.name, file: data.file ?? '', line: data.line ?? 0, error }
      failures.push(failure)
      console.log(`✖ ${heading(failure)}`)
    } else if (type === 'test:summary') {
      const { tests, passed, failed, cancelled, skipped } = data.counts
      if (data.file === undefined) counts = { tests, passed, failed: failed + cancelled, skipped }
      else times.set(relative(root, data.file), data.duration_ms / 1000)
    }
  }
  for (const failure of failures) showFailure(failure)
  for (const file of new Set(failures.map((failure) => failure.file))) {
    const printed = output.get(file)
    if (printed) console.log(`\n── ${relative(root, file)} printed\n${tail(printed)}`)
  }
  const slowest = [...times].toSorted((a, b) => b[1] - a[1]).slice(0, SLOWEST)
  const named = slowest.map(([file, seconds]) => `${file} ${seconds.toFixed(1)} s`).join(', ')
  return { ...counts, files: times.size, slowest: named }
}

function heading({ title, file, line }: Failure): string {
  const place = relative(root, file)
  return title === file ? `${place} as a whole` : `${title}  (${place}:${line})`
}

function showFailure(failure: Failure): void {
  const { error } = failure
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const text = typeof cause === 'string' ? cause : describeCause(cause)
  console.log(`\n✖ ${heading(failure)}\n${stripVTControlCharacters(text).replace(/^/gm, '  ')}`)
}

/** An assertion's message holds the difference already; its fields would say it again. */
function describeCause(cause: unknown): string {
  if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_ASSERTION') {
    return cause.stack ?? cause.message
  }
  return inspect(cause, { depth: 8 })
}

function tail(text: string): string {
  const rest = text.length - outputCharactersMax
  return rest > 0 ? `… ${rest} characters before\n${text.slice(rest)}` : text
}

/** The closing lines of Node's spec reporter, which people and machines know how to read. */
export function summary({ tests, passed, failed, skipped }: TestCounts): string {
  return `\nℹ tests ${tests}\nℹ pass ${passed}\nℹ fail ${failed}\nℹ skipped ${skipped}`
}
