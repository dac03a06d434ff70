/**
 * `state.lock.json`: what jobs keep in their snapshots (uids, states, kinds, schemas) as a file
 * beside the code, so that a change of it is seen in review and by CI. Parameters, folders and
 * operators that hold nothing are not in it.
 */
import { isMillraceError, MillraceError } from '../errors.ts'
import type { JobPlan, PlanNode } from '../graph/plan.ts'
import { adaptCheckpoint, type CodeChanges } from './adapt.ts'
import { type Finding, holdsAnything, kindOf } from './comparison.ts'
import * as checks from './json-checks.ts'
import { parallelism, planOperatorState, planState } from './manifest-checks.ts'
import { name, timer } from './operator-checks.ts'
import { schema } from './schema-checks.ts'

/** It lies beside the modules of its jobs. */
export const STATE_LOCK_NAME = 'state.lock.json'
const LIST_MAX = 65_536

type Kept = Pick<
  PlanNode,
  | 'kind'
  | 'operation'
  | 'keyType'
  | 'states'
  | 'operatorStates'
  | 'usesTimers'
  | 'timers'
  | 'shredded'
>
interface LockedOperator extends Kept {
  readonly uid: string
  readonly guarantee?: 'exactly-once'
}

/** What one job keeps. */
export interface LockedJob {
  readonly maxParallelism: number
  /** Ordered by uid. */
  readonly operators: readonly LockedOperator[]
}

/** All jobs of a folder, by name. */
export interface StateLock {
  readonly formatVersion: 1
  readonly jobs: Readonly<Record<string, LockedJob>>
}

export const EMPTY_LOCK: StateLock = { formatVersion: 1, jobs: {} }

const lockCheck = checks.shape<StateLock>(
  {
    formatVersion: checks.exactly(1),
    jobs: checks.table(
      checks.shape<LockedJob>(
        {
          maxParallelism: parallelism,
          operators: checks.list(
            checks.shape<LockedOperator>(
              {
                uid: name,
                kind: checks.oneOf('source', 'operator', 'sink'),
                operation: name,
                states: checks.list(planState, LIST_MAX),
                usesTimers: checks.flag,
              },
              {
                keyType: schema,
                operatorStates: checks.list(planOperatorState, LIST_MAX),
                timers: checks.list(timer, LIST_MAX),
                shredded: checks.exactly(true),
                guarantee: checks.exactly('exactly-once'),
              },
            ),
            LIST_MAX,
          ),
        },
        {},
      ),
      LIST_MAX,
    ),
  },
  {},
)

/** Throws `CONFIG_INVALID`, naming `path`, for what is no lock. */
export function parseStateLock(text: string, path: string): StateLock {
  try {
    return lockCheck(JSON.parse(text), '')
  } catch (error) {
    if (!isMillraceError(error) && !(error instanceof SyntaxError)) throw error
    throw new MillraceError('CONFIG_INVALID', `${path} is no state lock: ${error.message}`, {
      cause: error,
      cure: 'write it anew with `millrace lock`, or take it from version control',
      details: { file: path },
    })
  }
}

/** The same text for the same content, whatever its order was. */
export function formatStateLock({ formatVersion, jobs }: StateLock): string {
  const sorted = Object.fromEntries(Object.entries(jobs).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  return `${JSON.stringify({ formatVersion, jobs: sorted }, undefined, 2)}\n`
}

export function lockedJob(plan: JobPlan): LockedJob {
  const operators = plan.nodes.flatMap((node): readonly LockedOperator[] => {
    const { uid, kind, keyType, states, operatorStates, usesTimers, timers, shredded } = node
    if (uid === undefined || !holdsAnything(node)) return []
    return [
      {
        uid,
        kind,
        operation: kindOf(node),
        ...(keyType === undefined ? {} : { keyType }),
        states: sortedBy(states, (state) => state.name),
        ...(operatorStates === undefined
          ? {}
          : { operatorStates: sortedBy(operatorStates, (state) => state.name) }),
        usesTimers,
        ...(timers === undefined ? {} : { timers: sortedBy(timers, (each) => each.name) }),
        ...(shredded === true ? { shredded } : {}),
        ...(kind === 'sink' ? { guarantee: 'exactly-once' } : {}),
      },
    ]
  })
  return {
    maxParallelism: plan.maxParallelism,
    operators: sortedBy(operators, (operator) => operator.uid),
  }
}

export interface LockComparison {
  readonly isLocked: boolean
  /** How each part fits, as `compareWithCheckpoint` tells it. */
  readonly findings: readonly Finding[]
}

/** What the job keeps now beside what was locked; undefined was not. */
export function compareWithLock(
  locked: LockedJob | undefined,
  plan: JobPlan,
  changes: CodeChanges,
): LockComparison {
  const { maxParallelism, operators } = locked ?? { ...lockedJob(plan), operators: [] }
  const nodes = operators.map((operator, id): PlanNode => {
    return { ...operator, id, label: operator.uid, inputs: [] }
  })
  const { jobName } = plan
  const planThen = { jobName, parallelism: 1, maxParallelism, nodes, vertices: [], edges: [] }
  const nothing = { checkpointId: 0, operators: [], sources: [], tasks: [] }
  const former = { ...nothing, jobName, maxParallelism, plan: planThen }
  const { findings } = adaptCheckpoint(former, plan, changes)
  const isLocked = locked !== undefined && canonical(locked) === canonical(lockedJob(plan))
  return { isLocked, findings }
}

/** JSON with sorted names: a file that was formatted by another tool is the same lock. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
    return Object.fromEntries(sortedBy(Object.entries(part), ([field]) => field))
  })
}

function sortedBy<T>(items: readonly T[], keyOf: (item: T) => string): readonly T[] {
  return items.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0))
}
