/**
 * A witness of snapshots: remembers what the functions of a job have written into their keyed
 * state, task by task, and holds every complete checkpoint against what was in its memory at the
 * cut, read from the files by a way of its own. So a lost mark, a wrong merge or a row that got
 * lost on its way out of memory is seen in the checkpoint itself, not only when a restart needs
 * what is missing and output shows it. What the job does is the same with it and without it.
 */
import type {
  BackendContext,
  KeyedStateBackend,
  StateBackend,
  StateCut,
} from '../../src/state/backend.ts'
import type { RunReference } from '../../src/state/snapshot.ts'
import type { Scratch } from '../../src/storage/scratch.ts'
import { Violation, type Scheduler } from '../scheduler.ts'
import type { SimStorage } from '../sim-store.ts'
import {
  type Fact,
  type Facts,
  factsOf,
  firstDifference,
  type KnownStates,
  mergedEntries,
  rowsOf,
  type StateFacts,
} from './facts.ts'
import { followAdders, followHandles } from './handles.ts'
import { parseRun, type RunFile } from './run-file.ts'
import { Shadow } from './shadow.ts'
import type { TaskNews } from './task-news.ts'

/** More would take long to compare, and small state has all bugs that large state has. */
const FACTS_MAX = 2_000

export interface WitnessWorld {
  readonly scheduler: Scheduler
  readonly storage: SimStorage
  readonly faults: { readonly hasDamage: boolean; count(what: 'witnessed'): void }
}

export class Witness {
  readonly #world: WitnessWorld
  readonly #runs = new Map<string, RunFile>()
  readonly #tasks = new WeakMap<Scratch, TaskNews>()

  constructor(world: WitnessWorld) {
    this.#world = world
  }

  /** The backend of a task is made with this scratch. */
  expect(scratch: Scratch, task: TaskNews): void {
    this.#tasks.set(scratch, task)
  }

  /** The same backend, watched. */
  watching(backend: StateBackend): StateBackend {
    return {
      name: backend.name,
      create: (context) => {
        const keyed = backend.create(context)
        const task = this.#tasks.get(context.scratch)
        if (task !== undefined) new WatchedTask(this, keyed, context, task)
        return keyed
      },
    }
  }

  /** What runs hold; undefined if one of them is gone, or a disk may have damaged it. */
  factsOf(
    runs: readonly RunReference[],
    keyGroups: BackendContext['keyGroups'],
    known: KnownStates,
  ): Facts | undefined {
    if (this.#world.faults.hasDamage) return undefined
    const files = new Map<RunReference, RunFile>()
    for (const run of runs) {
      const file = this.#fileOf(run)
      if (file === undefined) return undefined
      files.set(run, file)
    }
    const read = (run: RunReference): RunFile => files.get(run) ?? NO_FILE
    return factsOf(mergedEntries(runs, read, keyGroups, known), known)
  }

  compare(what: string, expected: Facts, found: Facts): void {
    this.#world.faults.count('witnessed')
    const difference = firstDifference(expected, found)
    if (difference !== undefined) this.differs(`${what}: ${difference}`)
  }

  differs(what: string): void {
    this.#world.scheduler.fail(new Violation(`state: ${what}`))
  }

  checkpoint(lineage: string, leaderEpoch: number, checkpointId: number) {
    return this.#world.storage.checkpoint(lineage, leaderEpoch, checkpointId)
  }

  #fileOf(run: RunReference): RunFile | undefined {
    const id = `${run.name} ${run.lengthBytes} ${run.footerChecksum}`
    const known = this.#runs.get(id)
    if (known !== undefined) return known
    const bytes = this.#world.storage.runBytes(run)
    if (bytes === undefined) return undefined
    const file = parseRun(bytes)
    this.#runs.set(id, file)
    return file
  }
}

const NO_FILE: RunFile = { entries: [], ranges: [] }

/** One task, from the restore to its end. */
class WatchedTask {
  readonly maxParallelism: number
  facts = new Map<string, Fact>()
  isTold = true
  readonly #witness: Witness
  readonly #news: TaskNews
  readonly #context: BackendContext
  readonly #shadows: Shadow[] = []
  readonly #isAllInMemory: () => boolean
  readonly #known = new Map<number, ReadonlyMap<number, StateFacts>>()

  constructor(witness: Witness, keyed: KeyedStateBackend, context: BackendContext, news: TaskNews) {
    this.#witness = witness
    this.#context = context
    this.#news = news
    this.maxParallelism = context.maxParallelism
    this.#isAllInMemory = () => keyed.name === 'hashmap' && !keyed.isRestoring
    const register = keyed.register.bind(keyed)
    keyed.register = (operator) => {
      const table = register(operator)
      const shadow = new Shadow(table, operator, this)
      this.#shadows.push(shadow)
      this.#known.set(operator.record.id, followHandles(operator, table.handles, shadow))
      followAdders(operator, table, shadow)
      return table
    }
    const open = keyed.open.bind(keyed)
    keyed.open = (restore) => {
      this.#restore(restore !== undefined)
      return open(restore)
    }
    const cut = keyed.cut.bind(keyed)
    keyed.cut = () => this.#cut(cut())
  }

  differs(what: string): void {
    this.#witness.differs(`${this.#news.name}: ${what}`)
  }

  #restore(hasState: boolean): void {
    if (!hasState) return
    const found = this.#witness.factsOf(this.#news.restored, this.#context.keyGroups, this.#known)
    if (found === undefined) this.isTold = false
    else this.facts = new Map(found)
  }

  #cut(cut: StateCut): StateCut {
    if (this.facts.size > FACTS_MAX) this.isTold = false
    if (!this.isTold) return cut
    const facts = new Map(this.facts)
    for (const shadow of this.#shadows) {
      for (const [name, fact] of shadow.settled()) facts.set(name, fact)
    }
    if (this.#isAllInMemory()) this.#lookIntoMemory()
    const confirm = cut.confirm.bind(cut)
    cut.confirm = () => {
      confirm()
      this.#confirmed(facts)
    }
    return cut
  }

  /** What a restore or a store below has brought back shows as what should not be there. */
  #lookIntoMemory(): void {
    const rows = rowsOf(this.facts)
    for (const shadow of this.#shadows) {
      const states = [...(this.#known.get(shadow.operatorId)?.values() ?? [])]
      // Of some states with a time to live nothing is known.
      const isCertain = !states.some(({ isMortal }) => isMortal)
      const surplus = shadow.surplus(isCertain ? rows : undefined)
      if (surplus !== undefined) this.differs(surplus)
    }
  }

  #confirmed(expected: Facts): void {
    const checkpointId = this.#news.nextComplete()
    if (checkpointId === undefined) return
    const { lineage, leaderEpoch, vertex, subtaskIndex, name } = this.#news
    const tasks = this.#witness.checkpoint(lineage, leaderEpoch, checkpointId)
    const own = tasks?.find((task) => task.vertex === vertex && task.subtaskIndex === subtaskIndex)
    if (own === undefined) return
    const found = this.#witness.factsOf(own.runs, this.#context.keyGroups, this.#known)
    if (found === undefined) return
    this.#witness.compare(`${name}: checkpoint ${checkpointId}`, expected, found)
  }
}
