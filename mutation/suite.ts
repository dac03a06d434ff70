// What the tests get for `node:test` inside the mutation runner: it keeps the tests as functions,
// so that one warm process runs them thousands of times, each time with another mutant. Only what
// the tests of this repository use is here; anything else fails loudly at its import.
export interface TestCase {
  /** `test/state/runs/block.test.ts > blocks > are sorted`. */
  readonly name: string
  /** Its number, the same in each process: what Stryker writes down for each mutant it reaches. */
  readonly id: string
  readonly file: string
  readonly suite: Suite
  readonly body: TestBody
}

export interface Suite {
  readonly name: string
  readonly parent: Suite | undefined
  readonly before: Hook[]
  readonly after: Hook[]
  readonly beforeEach: Hook[]
  readonly afterEach: Hook[]
}

type Hook = (context: Context) => unknown
type TestBody = (context: Context) => unknown

/** The part of node:test's context that tests use. */
export class Context {
  readonly name: string
  readonly signal = new AbortController().signal
  readonly #after: Hook[] = []

  constructor(name: string) {
    this.name = name
  }

  after(hook: Hook): void {
    this.#after.push(hook)
  }

  diagnostic(): void {
    // What a test says beside its result is for people.
  }

  async end(): Promise<void> {
    for (const hook of this.#after.splice(0)) await hook(this)
  }
}

/** All tests of the files imported so far. */
export const cases: TestCase[] = []

let file = ''
let current = suiteOf('', undefined)

function suiteOf(name: string, parent: Suite | undefined): Suite {
  return { name, parent, before: [], after: [], beforeEach: [], afterEach: [] }
}

/** What is registered from now on belongs to this file. */
export function beginFile(path: string): void {
  file = path
  current = suiteOf('', undefined)
}

type Rest = readonly [TestBody] | readonly [options: TestOptions, body: TestBody]

interface TestOptions {
  readonly skip?: boolean | string
}

function test(title: string, ...rest: Rest): void {
  const [options, body] = rest.length === 1 ? [{}, rest[0]] : rest
  if (options.skip !== undefined && options.skip !== false) return
  const names = [title]
  for (let suite: Suite | undefined = current; suite; suite = suite.parent) {
    if (suite.name !== '') names.unshift(suite.name)
  }
  const stem = [file, ...names].join(' > ')
  const same = cases.filter((one) => one.name === stem || one.name.startsWith(`${stem} #`)).length
  const name = same === 0 ? stem : `${stem} #${same + 1}`
  cases.push({ name, id: String(cases.length), file, suite: current, body })
}

test.skip = (): void => {}

function describe(name: string, ...rest: Rest): void {
  const [options, body] = rest.length === 1 ? [{}, rest[0]] : rest
  if (options.skip !== undefined && options.skip !== false) return
  const outer = current
  current = suiteOf(name, outer)
  const result = body(new Context(name))
  current = outer
  if (result instanceof Promise) throw new Error(`${file}: describe("${name}") is asynchronous`)
}

const before = (hook: Hook): void => void current.before.push(hook)
const after = (hook: Hook): void => void current.after.push(hook)
const beforeEach = (hook: Hook): void => void current.beforeEach.push(hook)
const afterEach = (hook: Hook): void => void current.afterEach.push(hook)

export { after, afterEach, before, beforeEach, describe, test, test as it }

/** The suites of a test, the outermost first. */
function suitesOf({ suite }: TestCase): readonly Suite[] {
  const suites: Suite[] = []
  for (let at: Suite | undefined = suite; at; at = at.parent) suites.unshift(at)
  return suites
}

/**
 * Runs tests one by one. Suites are entered when their first test runs. One without `before` is
 * never left: what its `after` cleans up was made when the file was imported, and is needed again.
 */
export class Session {
  readonly #entered = new Set<Suite>()

  /** Resolves if the test passes; rejects with what failed. */
  async run(one: TestCase): Promise<void> {
    const suites = suitesOf(one)
    const context = new Context(one.name)
    for (const suite of suites) {
      if (this.#entered.has(suite)) continue
      this.#entered.add(suite)
      for (const hook of suite.before) await hook(context)
    }
    try {
      for (const suite of suites) for (const hook of suite.beforeEach) await hook(context)
      await one.body(context)
    } finally {
      await context.end()
      for (const suite of suites.toReversed()) {
        for (const hook of suite.afterEach) await hook(context)
      }
    }
  }

  async end(): Promise<void> {
    for (const suite of this.#entered) {
      if (suite.before.length === 0) continue
      for (const hook of suite.after) await hook(new Context(suite.name))
    }
    this.#entered.clear()
  }
}
