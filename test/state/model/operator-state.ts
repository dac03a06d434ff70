// Operator state beside plain lists and a plain map: each subtask has a list, a list of union and
// its copy of a broadcast map; what is complete is given out anew at other parallelisms.
import assert from 'node:assert/strict'
import type { ListState, MapState } from '../../../src/state/handles.ts'
import { OperatorStateStore } from '../../../src/state/operator-state.ts'
import { redistribute } from '../../../src/state/redistribute.ts'
import type { OperatorStateEntry } from '../../../src/state/snapshot.ts'
import { t } from '../../../src/types/t.ts'
import type { Random } from '../../../src/util/random.ts'
import type { Stepped } from './commands.ts'
import { textOf } from './plain.ts'

const KINDS = ['operator-list', 'union-list', 'broadcast'] as const
const KEYS: readonly unknown[] = [0, 1, -0.5, 'a', 'b', null, ['t', 1], 7n]
const PARALLELISM_MAX = 4
const UNION_MAX = 8

interface Subtask {
  readonly store: OperatorStateStore
  readonly lists: readonly ListState<unknown>[]
  readonly union: ListState<unknown>
  readonly rules: MapState<unknown, unknown>
}

interface Plain {
  /** Of each subtask, by list. */
  lists: unknown[][][]
  union: unknown[][]
  /** By the text of the key. */
  rules: Map<string, unknown>
}

const LISTS = ['offsets', 'others'] as const
const NOTHING: Plain = { lists: [[[], []]], union: [[]], rules: new Map() }

export class OperatorStates implements Stepped {
  readonly counts = new Map<string, number>()
  #plain: Plain = structuredClone(NOTHING)
  #subtasks: readonly Subtask[] = [opened([])]
  #complete: Plain = structuredClone(NOTHING)
  #snapshots: readonly (readonly OperatorStateEntry[])[] = [[]]

  async step(random: Random): Promise<string> {
    const dice = random.int(100)
    const value = random.int(4) === 0 ? { deep: [random.int(9)] } : random.int(100)
    if (dice < 30) return this.#changeList(random, value)
    if (dice < 45) return this.#changeUnion(random, value)
    if (dice < 75) return this.#changeRules(random, value)
    if (dice < 85) return this.#snapshot()
    if (dice < 97) return this.#restore(1 + random.int(PARALLELISM_MAX))
    this.compare()
    return this.#did('compare')
  }

  compare(): void {
    for (const [index, { lists, union, rules }] of this.#subtasks.entries()) {
      const held = lists.map((list) => [...list])
      assert.deepEqual(held, this.#plain.lists[index], `lists of subtask ${index}`)
      assert.deepEqual([...union], this.#plain.union[index], `union of subtask ${index}`)
      for (const key of KEYS) assert.deepEqual(rules.get(key), this.#plain.rules.get(textOf(key)))
      assert.equal([...rules.keys()].length, this.#plain.rules.size)
    }
  }

  async close(): Promise<void> {}

  #did(what: string): string {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1)
    return what
  }

  #changeList(random: Random, value: unknown): string {
    const at = random.int(this.#subtasks.length)
    const which = random.int(LISTS.length)
    const held = this.#subtasks[at]?.lists[which]
    const plain = this.#plain.lists[at]?.[which]
    assert.ok(held !== undefined && plain !== undefined)
    return this.#changeOf(random, held, plain, value, `${LISTS[which]} of ${at}`)
  }

  #changeUnion(random: Random, value: unknown): string {
    const at = random.int(this.#subtasks.length)
    const [held, plain] = [this.#subtasks[at]?.union, this.#plain.union[at]]
    assert.ok(held !== undefined && plain !== undefined)
    return this.#changeOf(random, held, plain, value, `union of ${at}`)
  }

  #changeOf(
    random: Random,
    held: ListState<unknown>,
    plain: unknown[],
    value: unknown,
    what: string,
  ): string {
    const dice = random.int(10)
    if (dice < 7) {
      held.add(value)
      plain.push(value)
      return this.#did('add') && `add to ${what}`
    }
    const all = dice < 9 ? Array.from({ length: random.int(7) }, (_, at) => at) : []
    plain.splice(0, plain.length, ...all)
    if (dice < 9) held.update(all)
    else held.clear()
    return this.#did('update') && `update ${what}`
  }

  /** All subtasks alike, as a broadcast element does. */
  #changeRules(random: Random, value: unknown): string {
    const key = KEYS[random.int(KEYS.length)]
    const dice = random.int(20)
    const { rules } = this.#plain
    if (dice === 0) rules.clear()
    else if (dice < 6) rules.delete(textOf(key))
    else rules.set(textOf(key), value)
    for (const { rules: held } of this.#subtasks) {
      if (dice === 0) held.clear()
      else if (dice < 6) held.delete(key)
      else held.set(key, value)
    }
    return this.#did('rule') && `${dice === 0 ? 'clear' : dice < 6 ? 'delete' : 'set'} rule`
  }

  #snapshot(): string {
    this.#snapshots = this.#subtasks.map(({ store }) => store.snapshot())
    this.#complete = structuredClone(this.#plain)
    const [first = [], ...others] = this.#snapshots.map((entries) =>
      entries.filter(({ kind }) => kind === 'broadcast').map(({ value }) => value),
    )
    for (const other of others) assert.deepEqual(other, first, 'equal maps have equal bytes')
    return this.#did('snapshot')
  }

  #restore(parallelism: number): string {
    const shares = KINDS.map((kind) => redistribute(this.#snapshots, parallelism, kind))
    this.#subtasks = Array.from({ length: parallelism }, (_, index) =>
      opened(shares.flatMap((share) => share[index] ?? [])),
    )
    const { lists, union, rules } = this.#complete
    this.#plain = {
      lists: lists.length === parallelism ? structuredClone(lists) : this.#spread(lists),
      union: this.#subtasks.map(() => structuredClone(union.flat())),
      rules: new Map(rules),
    }
    this.compare()
    // As functions do: who gets everything keeps its part of it, else it doubles each time.
    for (const [index, { union }] of this.#subtasks.entries()) {
      const kept = [...union].slice(0, UNION_MAX)
      this.#plain.union[index] = kept
      union.update(kept)
    }
    return this.#did('restore') && `restore at ${parallelism}`
  }

  /** Nothing lost or doubled, order kept, even shares: who gets the longer ones is not promised. */
  #spread(former: Plain['lists']): Plain['lists'] {
    const found = this.#subtasks.map(({ lists }) => lists.map((list) => [...list]))
    for (const which of LISTS.keys()) {
      const all = former.flatMap((lists) => lists[which] ?? [])
      const shares = found.map((lists) => lists[which] ?? [])
      const lengths = shares.map(({ length }) => length)
      assert.ok(Math.max(...lengths) - Math.min(...lengths) <= 1, `even shares: ${lengths.join()}`)
      const isRotation = shares.some((_, at) => {
        const turned = [...shares.slice(at), ...shares.slice(0, at)].flat()
        return JSON.stringify(turned) === JSON.stringify(all)
      })
      assert.ok(isRotation, `${JSON.stringify(shares)} of ${JSON.stringify(all)}`)
    }
    return found
  }
}

function opened(entries: readonly OperatorStateEntry[]): Subtask {
  const store = new OperatorStateStore(7)
  store.restore(entries)
  return {
    store,
    lists: LISTS.map((name) => store.list(name, t.dynamic())),
    union: store.unionList('seen', t.dynamic()),
    rules: store.broadcast('rules', t.dynamic(), t.dynamic()),
  }
}
