/** Drives `decide` by hand: keeps the state, collects the effects, answers for the workers. */
import assert from 'node:assert/strict'
import type { BroadcastDigest } from '../../src/checkpoint/broadcasts.ts'
import { decide, initialState } from '../../src/checkpoint/decisions.ts'
import type {
  ProtocolEffect,
  ProtocolEvent,
  ProtocolOptions,
  ProtocolSetup,
  ProtocolState,
} from '../../src/checkpoint/protocol.ts'
import type { ErrorData } from '../../src/errors.ts'
import { taskStatistics } from './links.ts'

type Untimed<E> = E extends unknown ? Omit<E, 'atMs'> : never
export type DriverEvent = Untimed<ProtocolEvent>
type EffectOf<K extends ProtocolEffect['kind']> = Extract<ProtocolEffect, { readonly kind: K }>

export const OPTIONS: ProtocolOptions = {
  intervalMs: 1000,
  timeoutMs: 5000,
  minPauseMs: 100,
  tolerableFailures: 2,
  maxConcurrent: 1,
}

export const TASKS = [
  { vertex: 0, subtaskIndex: 0, name: 'lines' },
  { vertex: 0, subtaskIndex: 1, name: 'lines' },
  { vertex: 1, subtaskIndex: 0, name: 'count' },
]

export function errorData(message: string, changes: Partial<ErrorData> = {}): ErrorData {
  return {
    code: 'STORAGE_FAILED',
    message,
    cure: 'free some space',
    retryable: true,
    details: {},
    ...changes,
  }
}

export class Driver {
  state: ProtocolState
  atMs = 0
  /** All effects so far. */
  readonly effects: ProtocolEffect[] = []

  constructor(setup: Partial<ProtocolSetup> = {}) {
    this.state = initialState({
      options: OPTIONS,
      tasks: TASKS,
      workers: 2,
      firstCheckpointId: 1,
      restored: undefined,
      ...setup,
    })
  }

  /** Takes an event and returns its effects. */
  take(event: DriverEvent): readonly ProtocolEffect[] {
    const before = structuredClone(this.state)
    const [state, effects] = decide(this.state, { ...event, atMs: this.atMs })
    assert.deepEqual(this.state, before, 'a decision changes no state in place')
    this.state = state
    this.effects.push(...effects)
    return effects
  }

  at(atMs: number): this {
    this.atMs = atMs
    return this
  }

  start(): this {
    this.take({ kind: 'start' })
    return this
  }

  tick(atMs: number): readonly ProtocolEffect[] {
    return this.at(atMs).take({ kind: 'tick' })
  }

  request(
    id: number,
    purpose: 'manual' | 'savepoint' | 'stop' | 'drain',
    savepoint?: string,
    full = false,
  ): readonly ProtocolEffect[] {
    return this.take({ kind: 'request', request: { id, purpose, savepoint, full } })
  }

  acknowledge(
    checkpointId: number,
    task: (typeof TASKS)[number],
    broadcasts: readonly BroadcastDigest[] = [],
  ): readonly ProtocolEffect[] {
    const { vertex, subtaskIndex } = task
    return this.take({
      kind: 'acknowledge',
      checkpointId,
      task: { vertex, subtaskIndex, runs: [], keyGroups: { start: 0, end: 127 } },
      statistics: taskStatistics(vertex, subtaskIndex),
      broadcasts,
    })
  }

  /** Triggered and acknowledged by all. */
  prepare(checkpointId: number): readonly ProtocolEffect[] {
    this.take({ kind: 'triggered', checkpointId })
    return TASKS.flatMap((task) => this.acknowledge(checkpointId, task))
  }

  confirm(checkpointId: number): readonly ProtocolEffect[] {
    return this.take({ kind: 'confirmed', checkpointId, sequence: checkpointId + 100 })
  }

  commit(checkpointId: number): readonly ProtocolEffect[] {
    return [0, 1].flatMap((worker) => this.take({ kind: 'committed', checkpointId, worker }))
  }

  /** From triggered to committed. */
  complete(checkpointId: number): readonly ProtocolEffect[] {
    return [
      ...this.prepare(checkpointId),
      ...this.confirm(checkpointId),
      ...this.commit(checkpointId),
    ]
  }

  endTasks(): readonly ProtocolEffect[] {
    return TASKS.flatMap((task) => this.take({ ...task, kind: 'task-ended' }))
  }

  of<K extends ProtocolEffect['kind']>(kind: K): readonly EffectOf<K>[] {
    // `filter` cannot see that the kind selects the member of the union.
    return this.effects.filter((effect) => effect.kind === kind) as unknown as EffectOf<K>[]
  }

  kinds(): readonly string[] {
    return kindsOf(this.effects)
  }
}

export function kindsOf(effects: readonly ProtocolEffect[]): readonly string[] {
  return effects.map((effect) => effect.kind)
}
