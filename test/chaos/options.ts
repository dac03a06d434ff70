/** The command line of the chaos tests. */
import { parseArgs } from 'node:util'
import { isKind, KINDS, KIND_NAMES, type KindName } from './kinds.ts'
import { BACKENDS, type Backend, type PlanOptions } from './plan.ts'

export interface ChaosOptions extends PlanOptions {
  readonly rounds: number
  /** No life begins after this time. */
  readonly minutes: number
  /** Only this life of the plan. */
  readonly life: number | undefined
  readonly jobs: number
  readonly json: boolean
  readonly record: boolean
  /** As given, without those that say how to show the result. */
  readonly given: readonly string[]
}

const PARALLELISMS = [1, 2, 3]
const JOBS_MAX = 8

/** The options, or what is wrong with them, or undefined for help. */
export function parseOptions(args: readonly string[]): ChaosOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '1000' },
      minutes: { type: 'string', default: '60' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      backend: { type: 'string', multiple: true, default: [...BACKENDS] },
      parallelism: { type: 'string', multiple: true, default: PARALLELISMS.map(String) },
      only: { type: 'string', multiple: true, default: [] },
      life: { type: 'string' },
      jobs: { type: 'string', default: '2' },
      json: { type: 'boolean', default: false },
      record: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  const backends = values.backend.map((name): Backend => {
    const backend = BACKENDS.find((each) => each === name)
    return backend ?? wrong('backend', name, BACKENDS.join(' or '))
  })
  const only = values.only.map((name): KindName => {
    return isKind(name) ? name : wrong('only', name, KIND_NAMES.join(', '))
  })
  const parallelisms = values.parallelism.map((text) => whole('parallelism', text, 1, 16))
  return {
    seed: whole('seed', values.seed, 0, 0xffff_ffff),
    backends,
    parallelisms,
    only,
    rounds: whole('rounds', values.rounds, 1, 1_000_000),
    minutes: whole('minutes', values.minutes, 1, 100_000),
    life: values.life === undefined ? undefined : whole('life', values.life, 0, 1_000_000),
    jobs: whole('jobs', values.jobs, 1, JOBS_MAX),
    json: values.json,
    record: values.record,
    given: [
      ...(backends.length === BACKENDS.length ? [] : backends.map((name) => `--backend ${name}`)),
      ...(parallelisms.join() === PARALLELISMS.join()
        ? []
        : parallelisms.map((count) => `--parallelism ${count}`)),
      ...only.map((name) => `--only ${name}`),
    ],
  }
}

function whole(option: string, text: string, min: number, max: number): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value
  return wrong(option, text, `a whole number from ${min} to ${max}`)
}

function wrong(option: string, text: string, wanted: string): never {
  throw new TypeError(`--${option} is ${text}, but must be ${wanted}`)
}

export function help(): string {
  return `Real processes under chaos: a job is disturbed round by round, and its output compared
with what an undisturbed run writes, after every round and line by line.

  npm run chaos                                    1,000 rounds: the better part of an hour
  npm run chaos -- --rounds 50 --seed 7            a smoke, as in npm test
  npm run chaos -- --seed 7 --life 3               one life of the plan of this seed again
  npm run chaos -- --only takeover --only asleep --backend rocksdb --parallelism 2

  --rounds <n>        so many rounds (default 1000)
  --minutes <n>       no life begins after this time (default 60)
  --seed <n>          the plan follows from it (default: another one each time)
  --backend <name>    ${BACKENDS.join(' or ')}; may be given again (default: both)
  --parallelism <n>   lives begin with it; may be given again (default: 1, 2, 3)
  --only <kind>       only such rounds; may be given again
  --life <n>          only this life of the plan
  --jobs <n>          lives at a time (default 2)
  --json              the result as JSON on stdout
  --record            keep the result as evidence in docs/evidence

Kinds:
${KIND_NAMES.map((name) => `  ${name.padEnd(12)} ${KINDS[name].what}`).join('\n')}

Exit code: 0 if all output was right, 1 if not, 2 for a wrong command line.
`
}
