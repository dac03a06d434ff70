// The gate, which `npm test` and continuous integration run: every step in order, a line for each
// that is well. A step that fails shows all that it said and does not stop the others, so that one
// run shows all that is wrong; the end names the failed steps and the exit code tells.
// `npm test -- --only types,tests` runs some of the steps, `--tests 'test/state/**'` some files.
import { parseArgs } from 'node:util'
import { checkOldestNode, checkPackage } from './lib/package.ts'
import { runNode, StepFailed, tool } from './lib/process.ts'
import { runTests, summary, type TestCounts } from './lib/tests.ts'

interface Step {
  readonly name: string
  /** Resolves to what is worth telling when all is well, if anything is. */
  run(): Promise<string>
}

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    tests: { type: 'string', multiple: true, default: ['test/**/*.test.ts'] },
  },
})

let counts: TestCounts | undefined

const sources = ['src', 'test', 'examples', 'bench', 'simulation', 'scripts', 'fuzz', 'mutation']
// On a machine that is busy, fewer; so many take less than a minute on one that is not.
const seeds = ['--seeds', '1..400', '--minutes', '8', '--no-shrink']
const chaos = ['--rounds', '50', '--seed', '1']
const runFromSource = (...args: string[]) => runNode(['--conditions=millrace-source', ...args])

const steps: readonly Step[] = [
  {
    name: 'format',
    run: () => runNode([tool('prettier', 'prettier'), '--check', '--log-level=warn', '.']),
  },
  {
    name: 'lint',
    run: async () => {
      await runNode([tool('oxlint', 'oxlint'), '--deny-warnings', ...sources])
      return ''
    },
  },
  { name: 'types', run: () => runNode([tool('typescript', 'tsc'), '-p', 'tsconfig.json']) },
  { name: 'tests', run: tests },
  { name: 'package', run: checkPackage },
  { name: 'node24', run: checkOldestNode },
  {
    name: 'simulation',
    run: async () => linesWith(/ seeds in /, await runFromSource('simulation/main.ts', ...seeds)),
  },
  {
    name: 'chaos',
    run: async () => linesWith(/^chaos|^skip/, await runFromSource('test/chaos/main.ts', ...chaos)),
  },
]

async function tests(): Promise<string> {
  counts = await runTests(values.tests)
  if (counts.tests === 0) throw new StepFailed(`no test matched ${values.tests.join(' ')}`)
  if (counts.failed > 0) throw new StepFailed(`${counts.failed} tests failed, see above`)
  return `${counts.passed} tests in ${counts.files} files, the slowest ${counts.slowest}`
}

function linesWith(pattern: RegExp, output: string): string {
  const lines = output.split('\n').filter((line) => pattern.test(line))
  return lines.join('\n')
}

interface Result {
  readonly name: string
  readonly isOk: boolean
  readonly seconds: number
}

async function perform(step: Step): Promise<Result> {
  const { name } = step
  const started = performance.now()
  const seconds = () => (performance.now() - started) / 1000
  const line = (outcome: string) => `${name.padEnd(12)} ${outcome} ${seconds().toFixed(1)} s`
  try {
    const note = (await step.run()).trim()
    console.log(line('ok    '))
    if (note !== '') console.log(note.replace(/^/gm, '  '))
    return { name, isOk: true, seconds: seconds() }
  } catch (error) {
    console.log(`\n━━ ${line('FAILED')} ${'━'.repeat(50)}\n${describe(error)}\n`)
    return { name, isOk: false, seconds: seconds() }
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

const failed = results.filter(({ isOk }) => !isOk).map(({ name }) => name)
const total = results.reduce((sum, { seconds }) => sum + seconds, 0)
console.log(
  `\n${results.length} steps in ${total.toFixed(0)} s: ` +
    (failed.length === 0 ? 'all well' : `${failed.join(', ')} failed, see above`),
)
if (failed.length > 0) process.exitCode = 1
if (counts) {
  // The plain closing line comes last, so that the end of a log answers whether tests ran.
  const { passed, failed: failures, skipped } = counts
  const left = skipped > 0 ? `, ${skipped} skipped` : ''
  console.log(`${summary(counts)}\n\n${passed} passed, ${failures} failed${left}`)
}
