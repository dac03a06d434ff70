import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ProtocolEffect } from '../../src/checkpoint/protocol.ts'
import { type Random, SeededRandom } from '../../src/util/random.ts'
import { taskStatistics } from './links.ts'
import { Driver, type DriverEvent, OPTIONS, TASKS, errorData } from './protocol-driver.ts'

const WORKERS = 2

/** What the model knows of one checkpoint. */
interface Seen {
  readonly acknowledged: Set<string>
  fate: 'active' | 'written' | 'confirmed' | 'aborted'
  readonly after?: number | undefined
}

/**
 * A world around the decisions: what they ask for is answered later, in random order, rightly or
 * with a failure; requests, ends of tasks and losses come in between. After each event the effects
 * are held against what must never happen.
 */
class World {
  readonly driver: Driver
  readonly random: Random
  /** Answers under way. */
  readonly pending: DriverEvent[] = []
  readonly seen = new Map<number, Seen>()
  readonly asked = new Set<number>()
  readonly answered = new Set<number>()
  readonly ended = new Set<string>()
  failures: number
  dueAtMs = Number.POSITIVE_INFINITY
  over = false
  readonly #maxConcurrent: number
  #requestId = 0

  constructor(random: Random, failures: number) {
    this.random = random
    this.failures = failures
    const restored =
      random.int(2) === 0 ? undefined : { checkpointId: 3, sequence: 5, finished: false }
    this.#maxConcurrent = 1 + random.int(3)
    const options = { ...OPTIONS, maxConcurrent: this.#maxConcurrent }
    this.driver = new Driver({ options, restored, workers: WORKERS, firstCheckpointId: 4 })
    if (restored !== undefined) this.seen.set(3, { acknowledged: new Set(), fate: 'confirmed' })
    this.deliver({ kind: 'start' })
  }

  /** One random event. */
  step(): void {
    const { random } = this
    const choice = random.int(20)
    if (choice < 13 && this.pending.length > 0) return this.#deliverAny()
    if (choice < 16) return this.#advance(random.int(700))
    if (choice === 16) return this.#request()
    if (choice === 17 && random.int(3) === 0) return this.#endTask()
    if (choice === 18) return random.int(3) === 0 ? this.#loseTask() : this.#stray()
    if (choice === 19 && this.#strikes(30)) {
      const kind = random.int(2) === 0 ? 'worker-lost' : 'close'
      return this.deliver({ kind, error: errorData('gone') })
    }
    this.#advance(random.int(50))
  }

  /** No more failures: everything under way is answered, all tasks end. */
  settle(): void {
    this.failures = 0
    for (const task of TASKS) this.#endTask(task)
    for (let turn = 0; turn < 5000; turn++) {
      if (this.pending.length > 0) this.#deliverAny()
      else if (this.driver.state.stage === 'closed') return
      else this.#advance(1000)
    }
    assert.fail(`no progress: ${JSON.stringify(this.driver.state.active)}`)
  }

  deliver(event: DriverEvent): void {
    if (event.kind === 'confirmed') this.#fateOf(event.checkpointId, ['written'], 'confirmed')
    for (const effect of this.driver.take(event)) this.#perform(effect)
    const { stage, active, overlapping, completing, requests } = this.driver.state
    for (const [id, { after, fate }] of this.seen) {
      const isLost = after !== undefined && this.seen.get(after)?.fate === 'aborted'
      assert.ok(!isLost || fate === 'aborted', `${id} builds on ${after}, which was aborted`)
    }
    if (stage !== 'closed') return
    assert.deepEqual([active, overlapping, completing, requests], [undefined, [], [], []])
    assert.deepEqual(this.answered, this.asked, 'every request is answered')
  }

  #perform(effect: ProtocolEffect): void {
    const { pending } = this
    const answers = effect.kind === 'resolve' || effect.kind === 'reject'
    assert.ok(!this.over || answers, `${effect.kind} after the end`)
    switch (effect.kind) {
      case 'trigger':
        return this.#trigger(effect)
      case 'write-manifest': {
        const { checkpointId, tasks } = effect
        const seen = this.#fateOf(checkpointId, ['active'], 'written')
        const { after } = seen
        const before = after === undefined ? 'confirmed' : this.seen.get(after)?.fate
        assert.equal(before, 'confirmed', 'links are written in order')
        assert.equal(seen.acknowledged.size, TASKS.length, 'all tasks have acknowledged')
        assert.equal(tasks.length, TASKS.length)
        pending.push(this.#answerWrite(checkpointId))
        return
      }
      case 'send-complete':
        this.#fateOf(effect.checkpointId, ['confirmed'], 'confirmed')
        for (let worker = 0; worker < WORKERS; worker++) {
          pending.push({ kind: 'committed', checkpointId: effect.checkpointId, worker })
        }
        return
      case 'send-abort':
        this.#fateOf(effect.checkpointId, ['active', 'written'], 'aborted')
        return
      case 'write-savepoint': {
        const { checkpointId } = effect
        this.#fateOf(checkpointId, ['confirmed'], 'confirmed')
        const failed = { kind: 'savepoint-failed', checkpointId, error: errorData('full') } as const
        pending.push(this.#strikes(3) ? failed : { kind: 'savepoint-written', checkpointId })
        return
      }
      case 'resolve': {
        const { checkpointId } = effect.outcome
        assert.equal(this.seen.get(checkpointId)?.fate, 'confirmed')
        return this.#answer(effect.requestId)
      }
      case 'reject':
        return this.#answer(effect.requestId)
      case 'schedule-tick':
        assert.ok(effect.atMs >= this.driver.atMs)
        this.dueAtMs = effect.atMs
        return
      case 'ended':
        assert.ok(effect.how === 'stopped' || this.ended.size === TASKS.length)
        this.over = true
        return
      case 'fail-job':
        this.over = true
        return
      case 'release':
      case 'report':
        return
    }
  }

  #trigger(effect: Extract<ProtocolEffect, { kind: 'trigger' }>): void {
    const { pending } = this
    const { checkpointId } = effect
    assert.ok(![...this.seen.keys()].some((id) => id >= checkpointId), 'ids grow')
    assert.ok(!this.driver.state.suspended, 'nothing begins while tasks are lost')
    const others = [...this.seen].filter(([, { fate }]) => fate === 'active' || fate === 'written')
    assert.ok(others.length < this.#maxConcurrent, 'so many at a time')
    assert.equal(effect.after, others.at(-1)?.[0], 'it builds on the newest one')
    const isAlone = effect.full || effect.stopAfter || effect.purpose === 'savepoint'
    assert.ok(!isAlone || others.length === 0, 'it goes alone')
    const after = effect.after
    this.seen.set(checkpointId, { acknowledged: new Set(), fate: 'active', after })
    if (this.#strikes(20)) {
      pending.push({ kind: 'trigger-failed', checkpointId, error: errorData('trigger') })
      return
    }
    pending.push({ kind: 'triggered', checkpointId })
    for (const task of TASKS) this.#answerTrigger(checkpointId, task)
    return
  }

  #answerTrigger(checkpointId: number, task: (typeof TASKS)[number]): void {
    const { vertex, subtaskIndex } = task
    if (this.#strikes(25)) {
      const error = errorData('decline')
      this.pending.push({ kind: 'decline', checkpointId, vertex, subtaskIndex, error })
    } else if (!this.#strikes(25)) {
      const record = { vertex, subtaskIndex, runs: [], keyGroups: { start: 0, end: 127 } }
      const statistics = taskStatistics(vertex, subtaskIndex)
      this.pending.push({ kind: 'acknowledge', checkpointId, task: record, statistics })
    }
  }

  #answerWrite(checkpointId: number): DriverEvent {
    const error = errorData('write')
    if (this.#strikes(12))
      return { kind: 'confirm-failed', checkpointId, error, mayBeWritten: false }
    if (this.#strikes(40))
      return { kind: 'confirm-failed', checkpointId, error, mayBeWritten: true }
    if (this.#strikes(60)) return { kind: 'leadership-lost', error }
    return { kind: 'confirmed', checkpointId, sequence: checkpointId + 10 }
  }

  #deliverAny(): void {
    const [event] = this.pending.splice(this.random.int(this.pending.length), 1)
    assert.ok(event !== undefined)
    if (event.kind === 'acknowledge') {
      const { vertex, subtaskIndex } = event.task
      this.seen.get(event.checkpointId)?.acknowledged.add(`${vertex}/${subtaskIndex}`)
    }
    this.driver.at(this.driver.atMs + this.random.int(3))
    this.deliver(event)
  }

  #advance(byMs: number): void {
    const atMs = this.driver.atMs + byMs
    if (this.dueAtMs > atMs) return void this.driver.at(atMs)
    this.driver.at(Math.max(this.driver.atMs, this.dueAtMs))
    this.dueAtMs = Number.POSITIVE_INFINITY
    this.deliver({ kind: 'tick' })
  }

  #request(): void {
    const purpose = (['manual', 'manual', 'savepoint', 'stop'] as const)[this.random.int(4)]
    assert.ok(purpose !== undefined)
    if (purpose === 'stop' && this.random.int(4) !== 0) return
    const id = ++this.#requestId
    this.asked.add(id)
    const copies = purpose === 'savepoint' || (purpose === 'stop' && this.random.int(2) === 0)
    const savepoint = copies ? `/save/${id}` : undefined
    const full = purpose === 'manual' && this.random.int(4) === 0
    this.deliver({ kind: 'request', request: { id, purpose, savepoint, full } })
  }

  #endTask(task = TASKS[this.random.int(TASKS.length)]): void {
    assert.ok(task !== undefined)
    this.ended.add(`${task.vertex}/${task.subtaskIndex}`)
    this.deliver({ kind: 'task-ended', vertex: task.vertex, subtaskIndex: task.subtaskIndex })
  }

  /** Its region comes back later; what it had ended it has to end again. */
  #loseTask(): void {
    const task = TASKS[this.random.int(TASKS.length)]
    const { suspended, active, lastCheckpointId } = this.driver.state
    // At the end of a job no region is restarted by itself.
    const isEnding = lastCheckpointId !== undefined || active?.purpose === 'final'
    if (suspended || isEnding || task === undefined || !this.#strikes(2)) return
    this.ended.delete(`${task.vertex}/${task.subtaskIndex}`)
    this.pending.push({ kind: 'tasks-restored' })
    this.deliver({ kind: 'tasks-lost', tasks: [task], error: errorData('thrown') })
    assert.equal(this.driver.state.active?.phase ?? 'confirm', 'confirm')
  }

  /** An answer of a dead task to a checkpoint of long ago. */
  #stray(): void {
    const checkpointId = this.random.int(4) + 1
    const fate = this.seen.get(checkpointId)?.fate
    if (fate === 'active' || fate === 'written') return
    const error = errorData('late')
    this.deliver({ kind: 'decline', checkpointId, vertex: 0, subtaskIndex: 0, error })
  }

  #fateOf(checkpointId: number, from: readonly Seen['fate'][], to: Seen['fate']): Seen {
    const seen = this.seen.get(checkpointId)
    assert.ok(seen !== undefined && from.includes(seen.fate), `${seen?.fate} to ${to}`)
    seen.fate = to
    return seen
  }

  #answer(requestId: number): void {
    assert.ok(this.asked.has(requestId) && !this.answered.has(requestId), 'answered once')
    this.answered.add(requestId)
  }

  #strikes(oneIn: number): boolean {
    return this.failures > 0 && this.random.int(oneIn) === 0 && this.failures-- > 0
  }
}

test('whatever comes in whatever order, the protocol keeps its promises and gets on', () => {
  const ends = new Map<string, number>()
  fc.assert(
    fc.property(fc.integer(), fc.nat(400), fc.nat(12), (seed, steps, failures) => {
      const world = new World(new SeededRandom(seed), failures)
      for (let step = 0; step < steps; step++) world.step()
      world.settle()
      const end = world.driver.effects.findLast((e) => e.kind === 'ended' || e.kind === 'fail-job')
      const name = end?.kind === 'ended' ? end.how : (end?.kind ?? 'closed')
      ends.set(name, (ends.get(name) ?? 0) + 1)
    }),
    { numRuns: 800 },
  )
  const runs = [...ends.values()].reduce((sum, count) => sum + count, 0)
  for (const end of ['finished', 'stopped', 'fail-job', 'closed']) {
    assert.ok((ends.get(end) ?? 0) > runs / 80, `${end} was reached: ${JSON.stringify([...ends])}`)
  }
})
