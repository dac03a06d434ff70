// The gate, which `npm test` and continuous integration run: every step in order, each with its
// heading and time. A failing step does not stop the others, so that one run shows all that is
// wrong; the first failure is repeated at the end and the exit code tells.
// `npm test -- --only types,tests` runs some of the steps, `--tests 'test/state/**'` some files.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { checkOldestNode, checkPackage } from './lib/package.ts'
import { root, runNode, StepFailed, tool } from './lib/process.ts'
import { runTests, summary, type TestCounts } from './lib/tests.ts'

interface Step {
  readonly name: string
  /** Files without which there is nothing to check. */
  readonly needs: readonly string[]
  run(): Promise<unknown>
}

type Outcome = 'ok' | 'failed' | 'absent'

/** While the engine grows, a step whose subject is not there yet is passed over, and says so. */
const absentIsFailure = false

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    tests: { type: 'string', multiple: true, default: ['test/**/*.test.ts'] },
  },
})

let counts: TestCounts | undefined

const sources = ['src', 'test', 'examples', 'bench', 'simulation', 'scripts']
const prettier = () => runNode([tool('prettier', 'prettier'), '--check', '--log-level=warn', '.'])
const lint = () => {
  const folders = sources.filter((folder) => existsSync(join(root, folder)))
  return runNode([tool('oxlint', 'oxlint'), '--deny-warnings', ...folders])
}
const types = () => runNode([tool('typescript', 'tsc'), '-p', 'tsconfig.json'])
const runFromSource = (...args: string[]) => runNode(['--conditions=millrace-source', ...args])

const steps: readonly Step[] = [
  { name: 'format', needs: [], run: prettier },
  { name: 'lint', needs: [], run: lint },
  { name: 'types', needs: [], run: types },
  { name: 'tests', needs: [], run: tests },
  { name: 'package', needs: ['src/cli/bin.ts', 'src/testing/index.ts'], run: checkPackage },
  { name: 'node24', needs: ['src/cli/bin.ts', 'src/testing/index.ts'], run: checkOldestNode },
  {
    name: 'simulation',
    needs: ['simulation/main.ts'],
    run: () => runFromSource('simulation/main.ts', '--seeds', '1..500'),
  },
  {
    name: 'kill',
    needs: ['test/kill/main.ts'],
    run: () => runFromSource('test/kill/main.ts', '--rounds', '8'),
  },
]

async function tests(): Promise<void> {
  counts = await runTests(values.tests)
  if (counts.tests === 0) throw new StepFailed(`no test matched ${values.tests.join(' ')}`)
  if (counts.failed > 0) throw new StepFailed(`${counts.failed} tests failed, see above`)
}

interface Result {
  readonly name: string
  readonly outcome: Outcome
  readonly seconds: number
  readonly error?: unknown
}

async function perform(step: Step): Promise<Result> {
  const { name } = step
  console.log(`\n━━ ${name} ${'━'.repeat(Math.max(0, 72 - name.length))}`)
  const missing = step.needs.filter((path) => !existsSync(join(root, path)))
  const started = performance.now()
  const seconds = () => (performance.now() - started) / 1000
  try {
    if (missing.length > 0) {
      const message = `not there yet: ${missing.join(', ')}`
      if (absentIsFailure) throw new StepFailed(message)
      console.log(message)
      return { name, outcome: 'absent', seconds: 0 }
    }
    await step.run()
    console.log(`${name}: ok in ${seconds().toFixed(1)} s`)
    return { name, outcome: 'ok', seconds: seconds() }
  } catch (error) {
    console.log(`${name}: FAILED after ${seconds().toFixed(1)} s\n${describe(error)}`)
    return { name, outcome: 'failed', seconds: seconds(), error }
  }
}

function describe(error: unknown): string {
  if (error instanceof StepFailed) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

function chosenSteps(): readonly Step[] {
  if (values.only === undefined) return steps
  const names = values.only.split(',')
  const unknown = names.filter((name) => !steps.some((step) => step.name === name))
  if (unknown.length > 0) {
    console.error(`no step ${unknown.join(', ')}; there are ${steps.map((s) => s.name).join(', ')}`)
    process.exit(2)
  }
  return steps.filter((step) => names.includes(step.name))
}

const results: Result[] = []
for (const step of chosenSteps()) results.push(await perform(step))

console.log(`\n━━ all steps ${'━'.repeat(63)}`)
for (const { name, outcome, seconds } of results) {
  console.log(`${name.padEnd(12)} ${outcome.padEnd(7)} ${seconds.toFixed(1).padStart(7)} s`)
}
const firstFailure = results.find((result) => result.outcome === 'failed')
if (firstFailure) {
  console.log(`\nFirst failure, in ${firstFailure.name}:\n${describe(firstFailure.error)}`)
  process.exitCode = 1
}
if (counts) {
  // The plain closing line comes last, so that the end of a log answers whether tests ran.
  console.log(summary(counts))
  const { passed, failed, skipped } = counts
  console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
}
