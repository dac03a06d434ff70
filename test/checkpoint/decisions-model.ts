// The decisions of the coordinator in a small world of which every history is explored: two tasks,
// checkpoints that overlap, answers in every order, each of them lost or a failure at any time.
import assert from 'node:assert/strict'
import { decide, initialState } from '../../src/checkpoint/decisions.ts'
import type { ProtocolEffect, ProtocolState } from '../../src/checkpoint/protocol.ts'
import { explore, type Explored, type Step } from '../explore/explorer.ts'
import { taskStatistics } from './links.ts'
import { type DriverEvent, errorData, OPTIONS } from './protocol-driver.ts'

const TASKS = [0, 1].map((subtaskIndex) => ({ vertex: 0, subtaskIndex, name: 'count' }))

export interface DecisionsModelOptions {
  readonly maxConcurrent: number
  /** How often time goes on to what is due next. */
  readonly ticks: number
  /** Messages lost, failures and losses of tasks or workers. */
  readonly losses: number
  /** Requests for a checkpoint, at any time. */
  readonly requests?: number
  /** Planted: a change of what the decisions are told. */
  readonly decide?: typeof decide
}

type Fate = 'active' | 'written' | 'confirmed' | 'aborted'

interface Moment {
  readonly protocol: ProtocolState
  readonly atMs: number
  readonly tickAtMs: number
  /** Messages on their way. */
  readonly pending: readonly DriverEvent[]
  readonly fates: Readonly<Record<number, Fate>>
  readonly after: Readonly<Record<number, number>>
  /** Who has acknowledged what. */
  readonly acknowledged: readonly string[]
  readonly ticks: number
  readonly losses: number
  readonly asked: number
  readonly answered: readonly number[]
  readonly isOver: boolean
}

type Draft = { -readonly [K in keyof Moment]: Moment[K] }

export class DecisionsModel {
  readonly #options: DecisionsModelOptions

  constructor(options: DecisionsModelOptions) {
    this.#options = options
  }

  start(): Moment {
    const { maxConcurrent, ticks, losses } = this.#options
    const options = { ...OPTIONS, minPauseMs: 0, maxConcurrent }
    const setup = { options, tasks: TASKS, workers: 1, firstCheckpointId: 1, restored: undefined }
    const nothing = { pending: [], fates: {}, after: {}, acknowledged: [], answered: [] }
    const times = { atMs: 0, tickAtMs: Number.POSITIVE_INFINITY, asked: 0, isOver: false }
    const protocol = initialState(setup)
    const begin: Moment = { protocol, ...nothing, ...times, ticks, losses }
    return this.#take(begin, { kind: 'start' }, 'start').state
  }

  key(moment: Moment): string {
    const pending = moment.pending.map((event) => JSON.stringify(event, plain)).toSorted()
    return JSON.stringify(
      { ...moment, pending, acknowledged: moment.acknowledged.toSorted() },
      plain,
    )
  }

  next(moment: Moment): readonly Step<Moment>[] {
    const { pending, losses, ticks, tickAtMs, asked } = moment
    const steps: Step<Moment>[] = []
    for (const [index, event] of pending.entries()) {
      const rest = { ...moment, pending: pending.toSpliced(index, 1) }
      steps.push(this.#take(rest, event, labelOf(event)))
      if (losses === 0) continue
      const less = { ...rest, losses: losses - 1 }
      if (event.kind === 'acknowledge' || event.kind === 'committed') {
        steps.push({ name: `${labelOf(event)} is lost`, state: less })
      }
      for (const failure of failuresOf(event))
        steps.push(this.#take(less, failure, labelOf(failure)))
    }
    if (ticks > 0 && tickAtMs < Number.POSITIVE_INFINITY) {
      const atMs = Math.max(moment.atMs, tickAtMs)
      const later = { ...moment, atMs, ticks: ticks - 1, tickAtMs: Number.POSITIVE_INFINITY }
      steps.push(this.#take(later, { kind: 'tick' }, 'tick'))
    }
    if (asked < (this.#options.requests ?? 0)) {
      const request = { id: asked + 1, purpose: 'manual', savepoint: undefined } as const
      steps.push(
        this.#take({ ...moment, asked: asked + 1 }, { kind: 'request', request }, 'request'),
      )
    }
    if (losses > 0 && !moment.isOver) this.#lose({ ...moment, losses: losses - 1 }, steps)
    return steps
  }

  end({ protocol, asked, answered }: Moment): void {
    if (protocol.stage === 'closed')
      assert.equal(answered.length, asked, 'every request is answered')
  }

  #lose(moment: Moment, steps: Step<Moment>[]): void {
    const error = errorData('gone')
    steps.push(this.#take(moment, { kind: 'worker-lost', error }, 'worker lost'))
    steps.push(this.#take(moment, { kind: 'close', error }, 'close'))
    if (moment.protocol.suspended) return
    const lost = { kind: 'tasks-lost', tasks: TASKS.slice(0, 1), error } as const
    // Messages of a task that is gone are not heard any more.
    const pending = moment.pending.filter((event) => {
      return !(event.kind === 'acknowledge' && event.task.subtaskIndex === 0)
    })
    const restored = [...pending, { kind: 'tasks-restored' } as const]
    steps.push(this.#take({ ...moment, pending: restored }, lost, 'tasks lost'))
  }

  #take(before: Moment, event: DriverEvent, name: string): Step<Moment> {
    const draft: Draft = { ...before }
    if (event.kind === 'acknowledge') {
      const { checkpointId, task } = event
      draft.acknowledged = [...draft.acknowledged, `${checkpointId}/${task.subtaskIndex}`]
    }
    if (event.kind === 'confirmed') settle(draft, event.checkpointId, ['written'], 'confirmed')
    const decided = (this.#options.decide ?? decide)(before.protocol, {
      ...event,
      atMs: before.atMs,
    })
    const [protocol, effects] = decided
    draft.protocol = protocol
    for (const effect of effects) this.#perform(draft, effect)
    for (const [id, base] of Object.entries(draft.after)) {
      const isLost = draft.fates[base] === 'aborted'
      assert.ok(!isLost || draft.fates[Number(id)] === 'aborted', `${id} builds on ${base}`)
    }
    return { name, state: draft }
  }

  #perform(draft: Draft, effect: ProtocolEffect): void {
    const answers = effect.kind === 'resolve' || effect.kind === 'reject'
    assert.ok(!draft.isOver || answers, `${effect.kind} after the end`)
    switch (effect.kind) {
      case 'trigger':
        return this.#trigger(draft, effect)
      case 'write-manifest': {
        const { checkpointId: id, tasks } = effect
        settle(draft, id, ['active'], 'written')
        const base = draft.after[id]
        assert.ok(base === undefined || draft.fates[base] === 'confirmed', 'in order')
        assert.equal(tasks.length, TASKS.length)
        const all = TASKS.every((task) => draft.acknowledged.includes(`${id}/${task.subtaskIndex}`))
        assert.ok(all, 'all tasks have acknowledged')
        draft.pending = [
          ...draft.pending,
          { kind: 'confirmed', checkpointId: id, sequence: id + 9 },
        ]
        return
      }
      case 'send-complete': {
        const { checkpointId } = effect
        settle(draft, checkpointId, ['confirmed'], 'confirmed')
        draft.pending = [...draft.pending, { kind: 'committed', checkpointId, worker: 0 }]
        return
      }
      case 'send-abort':
        return settle(draft, effect.checkpointId, ['active', 'written'], 'aborted')
      case 'resolve':
        assert.equal(draft.fates[effect.outcome.checkpointId], 'confirmed')
        return answer(draft, effect.requestId)
      case 'reject':
        return answer(draft, effect.requestId)
      case 'schedule-tick':
        draft.tickAtMs = effect.atMs
        return
      case 'fail-job':
      case 'ended':
        draft.isOver = true
        return
      case 'release':
      case 'report':
      case 'write-savepoint':
        return
    }
  }

  #trigger(draft: Draft, effect: Extract<ProtocolEffect, { kind: 'trigger' }>): void {
    const { checkpointId, after } = effect
    assert.ok(!Object.keys(draft.fates).some((id) => Number(id) >= checkpointId), 'ids grow')
    assert.ok(!draft.protocol.suspended, 'nothing begins while tasks are lost')
    const open = Object.entries(draft.fates).filter(([, fate]) => isOpen(fate))
    assert.ok(open.length < this.#options.maxConcurrent, 'so many at a time')
    assert.equal(after, open.length === 0 ? undefined : Number(open.at(-1)?.[0]), 'on the newest')
    draft.fates = { ...draft.fates, [checkpointId]: 'active' }
    if (after !== undefined) draft.after = { ...draft.after, [checkpointId]: after }
    const acknowledge = TASKS.map(({ vertex, subtaskIndex }): DriverEvent => {
      const task = { vertex, subtaskIndex, runs: [], keyGroups: { start: 0, end: 127 } }
      const statistics = taskStatistics(vertex, subtaskIndex)
      return { kind: 'acknowledge', checkpointId, task, statistics }
    })
    draft.pending = [...draft.pending, { kind: 'triggered', checkpointId }, ...acknowledge]
  }
}

const isOpen = (fate: Fate): boolean => fate === 'active' || fate === 'written'

function settle(draft: Draft, id: number, from: readonly Fate[], to: Fate): void {
  const fate = draft.fates[id]
  assert.ok(fate !== undefined && from.includes(fate), `checkpoint ${id}: ${fate} to ${to}`)
  draft.fates = { ...draft.fates, [id]: to }
}

function answer(draft: Draft, requestId: number): void {
  assert.ok(requestId <= draft.asked && !draft.answered.includes(requestId), 'answered once')
  draft.answered = [...draft.answered, requestId]
}

/** What may come in place of an answer. */
function failuresOf(event: DriverEvent): readonly DriverEvent[] {
  const error = errorData('fails')
  if (event.kind === 'triggered') {
    return [{ kind: 'trigger-failed', checkpointId: event.checkpointId, error }]
  }
  if (event.kind === 'acknowledge') {
    const { vertex, subtaskIndex } = event.task
    return [{ kind: 'decline', checkpointId: event.checkpointId, vertex, subtaskIndex, error }]
  }
  if (event.kind !== 'confirmed') return []
  const failed = { kind: 'confirm-failed', checkpointId: event.checkpointId, error } as const
  const outcomes = [false, true].map((mayBeWritten) => ({ ...failed, mayBeWritten }))
  return [...outcomes, { kind: 'leadership-lost', error }]
}

function labelOf(event: DriverEvent): string {
  const id = 'checkpointId' in event ? ` ${event.checkpointId}` : ''
  const of = event.kind === 'acknowledge' ? ` of task ${event.task.subtaskIndex}` : ''
  return `${event.kind}${id}${of}`
}

function plain(_: string, value: unknown): unknown {
  if (value instanceof Map || value instanceof Set) return [...value]
  return value === Number.POSITIVE_INFINITY ? 'inf' : value
}

export function exploreDecisions(options: DecisionsModelOptions): Promise<Explored> {
  const model = new DecisionsModel(options)
  return explore(model.start(), {
    key: (moment) => model.key(moment),
    next: (moment) => model.next(moment),
    end: (moment) => model.end(moment),
  })
}

export interface SizedDecisions extends DecisionsModelOptions {
  readonly name: string
  readonly isLong?: boolean
}

export const DECISIONS_SIZES: readonly SizedDecisions[] = [
  { name: 'one at a time, with a loss', maxConcurrent: 1, ticks: 2, losses: 1 },
  { name: 'two that overlap', maxConcurrent: 2, ticks: 2, losses: 0 },
  { name: 'two that overlap, with a loss', maxConcurrent: 2, ticks: 2, losses: 1 },
  { name: 'a request and a loss', maxConcurrent: 1, ticks: 1, losses: 1, requests: 1 },
  { name: 'two that overlap, two losses', maxConcurrent: 2, ticks: 2, losses: 2, isLong: true },
  { name: 'three that overlap', maxConcurrent: 3, ticks: 3, losses: 1, isLong: true },
]
