// Who reads which split: on demand or spread, over restores, each once and none forgotten.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SourceRecord, SplitRecord } from '../../src/checkpoint/manifest.ts'
import {
  SplitCoordinator,
  type Assignment,
  type SourceSpec,
} from '../../src/runtime/split-coordinator.ts'
import { SeededRandom } from '../../src/util/random.ts'
import { newSeed } from './doubles.ts'

const bounded: SourceSpec = {
  uid: 'files',
  bounded: true,
  onDemand: true,
  discoversAgain: false,
  parallelism: 2,
}
const unbounded: SourceSpec = {
  uid: 'topics',
  bounded: false,
  onDemand: false,
  discoversAgain: true,
  parallelism: 2,
}
const splits = (...ids: readonly string[]): SplitRecord[] => ids.map((id) => ({ id }))
const shown = (assignments: readonly Assignment[]) =>
  assignments.map(({ subtaskIndex, splits: given, noMore }) => {
    const ids = given.map(({ id }) => id).join(' ')
    const parts = [ids, noMore ? 'no more' : ''].filter((part) => part !== '')
    return `${subtaskIndex}: ${parts.join(', ')}`
  })

describe('a split coordinator', () => {
  it('gives the splits of a bounded source one by one to who asks, then says no more', () => {
    const coordinator = new SplitCoordinator([bounded], [])
    assert.deepEqual(coordinator.wants('files', 1), [], 'nothing is known yet')
    assert.deepEqual(shown(coordinator.discovered('files', splits('a', 'b', 'c'))), ['1: a'])
    assert.deepEqual(shown(coordinator.wants('files', 0)), ['0: b'])
    assert.deepEqual(shown(coordinator.wants('files', 0)), ['0: c'])
    assert.deepEqual(shown(coordinator.wants('files', 0)), ['0: no more'])
    assert.deepEqual(shown(coordinator.wants('files', 1)), ['1: no more'])
  })

  it('answers all who wait when the splits are found, in the order of subtasks', () => {
    const coordinator = new SplitCoordinator([{ ...bounded, parallelism: 3 }], [])
    for (const subtask of [2, 0, 1]) coordinator.wants('files', subtask)
    assert.deepEqual(shown(coordinator.discovered('files', splits('a', 'b'))), [
      '0: a',
      '1: b',
      '2: no more',
    ])
  })

  it('spreads the splits of an unbounded source evenly, also those found later', () => {
    const coordinator = new SplitCoordinator([unbounded], [])
    assert.deepEqual(coordinator.wants('topics', 0), [])
    assert.deepEqual(shown(coordinator.discovered('topics', splits('a', 'b', 'c'))), [
      '0: a c',
      '1: b',
    ])
    assert.deepEqual(shown(coordinator.discovered('topics', splits('c', 'd', 'a'))), ['1: d'])
    assert.deepEqual(coordinator.discovered('topics', splits('a', 'b', 'c', 'd')), [])
  })

  it('says that no split will follow where none is looked for again', () => {
    const spec = { ...unbounded, discoversAgain: false, parallelism: 3 }
    const coordinator = new SplitCoordinator([spec], [])
    assert.deepEqual(shown(coordinator.discovered('topics', splits('a', 'b'))), [
      '0: a, no more',
      '1: b, no more',
      '2: no more',
    ])
  })

  it('holds in its snapshot what no task has', () => {
    const coordinator = new SplitCoordinator([bounded], [])
    coordinator.discovered('files', splits('a', 'b', 'c'))
    coordinator.wants('files', 0)
    coordinator.finished('files', 'a')
    const before = coordinator.snapshot()
    coordinator.wants('files', 0)
    assert.deepEqual(before, [{ uid: 'files', pending: splits('b', 'c'), finished: ['a'] }])
    assert.deepEqual(coordinator.snapshot()[0]?.pending, splits('c'))
  })

  it('gives restored splits out again with their positions, and finished ones never', () => {
    const restored: SourceRecord[] = [
      { uid: 'files', pending: [{ id: 'b', position: 'AAA=' }, { id: 'c' }], finished: ['a'] },
      { uid: 'other', pending: splits('x'), finished: [] },
    ]
    const coordinator = new SplitCoordinator([bounded], restored)
    assert.deepEqual(coordinator.wants('files', 0), [], 'first it must be known what else there is')
    const [first] = coordinator.discovered('files', splits('a', 'b', 'c', 'd'))
    assert.deepEqual(first?.splits, [{ id: 'b', position: 'AAA=' }])
    assert.deepEqual(shown(coordinator.wants('files', 1)), ['1: c'])
    assert.deepEqual(shown(coordinator.wants('files', 1)), ['1: no more'], 'd came too late')
  })

  it('takes on what is new after a restore only if its source has no end', () => {
    const restored = [{ uid: 'topics', pending: splits('a'), finished: [] }]
    const coordinator = new SplitCoordinator([unbounded], restored)
    assert.deepEqual(shown(coordinator.discovered('topics', splits('a', 'b'))), ['0: a', '1: b'])
    const empty = new SplitCoordinator([bounded], [{ uid: 'files', pending: [], finished: [] }])
    empty.wants('files', 0)
    const first = empty.discovered('files', splits('a'))
    assert.deepEqual(shown(first), ['0: a'], 'the checkpoint came before its splits were found')
  })

  it('asserts that a source is one of the job', () => {
    const coordinator = new SplitCoordinator([bounded], [])
    assert.throws(() => coordinator.wants('nobody', 0), /no source "nobody"/)
  })
})

/** Readers that take, finish and lose splits, with a checkpoint now and then. */
class Readers {
  coordinator: SplitCoordinator
  readonly spec: SourceSpec
  readonly finished = new Set<string>()
  /** By subtask: what it reads now. */
  held: string[][]
  #saved: { readonly record: SourceRecord; readonly finished: readonly string[] } | undefined

  constructor(spec: SourceSpec) {
    this.spec = spec
    this.coordinator = new SplitCoordinator([spec], [])
    this.held = Array.from({ length: spec.parallelism }, () => [])
  }

  take(assignments: readonly Assignment[]): void {
    for (const { subtaskIndex, splits: given } of assignments) {
      for (const { id } of given) {
        assert.equal(this.finished.has(id), false, `${id} was read before`)
        assert.equal(this.held.flat().includes(id), false, `${id} is being read`)
        this.held[subtaskIndex]?.push(id)
      }
    }
  }

  finishOne(subtask: number): void {
    const id = this.held[subtask]?.shift()
    if (id === undefined) return
    this.finished.add(id)
    this.coordinator.finished(this.spec.uid, id)
  }

  /** Tasks and coordinator are cut together; tasks hold what they read. */
  checkpoint(): void {
    const [own] = this.coordinator.snapshot()
    assert.ok(own !== undefined)
    const pending = [...splits(...this.held.flat()), ...own.pending]
    this.#saved = { record: { ...own, pending }, finished: [...this.finished] }
  }

  crash(): void {
    this.coordinator = new SplitCoordinator(
      [this.spec],
      this.#saved === undefined ? [] : [this.#saved.record],
    )
    this.finished.clear()
    for (const id of this.#saved?.finished ?? []) this.finished.add(id)
    this.held = this.held.map(() => [])
  }
}

describe('a split coordinator over crashes', () => {
  for (const spec of [bounded, unbounded]) {
    it(`has each split of a source ${spec.bounded ? 'with' : 'without'} end read once`, () => {
      for (let run = 0; run < 200; run++) {
        const seed = newSeed() + run
        const random = new SeededRandom(seed)
        const readers = new Readers({ ...spec, parallelism: 1 + random.int(4) })
        const { parallelism, uid } = readers.spec
        const all = Array.from({ length: random.int(12) }, (_, at) => `split-${at}`)
        let crashes = random.int(4)
        const discover = () => readers.take(readers.coordinator.discovered(uid, splits(...all)))
        for (let step = 0; step < 2_000 && readers.finished.size < all.length; step++) {
          const subtask = random.int(parallelism)
          const dice = random.int(20)
          if (dice === 0) discover()
          else if (dice === 1) readers.checkpoint()
          else if (dice === 2 && crashes-- > 0) readers.crash()
          else if (dice < 10) readers.finishOne(subtask)
          else if (readers.held[subtask]?.length === 0) {
            readers.take(readers.coordinator.wants(uid, subtask))
          }
        }
        assert.equal(readers.finished.size, all.length, `seed ${seed}: some were forgotten`)
      }
    })
  }
})

describe('a split coordinator, when a region fails', () => {
  const record = (subtaskIndex: number, pending: readonly SplitRecord[], finished: string[] = []) =>
    ({
      vertex: 0,
      subtaskIndex,
      runs: [],
      keyGroups: { start: 0, end: 0 },
      source: { uid: 'files', pending, finished },
    }) as const

  /** Subtask 0 has read `a` and reads `b`, subtask 1 reads `c`; `d` and `e` wait. */
  function reading() {
    const coordinator = new SplitCoordinator([bounded], [])
    coordinator.wants('files', 0)
    coordinator.discovered('files', splits('a', 'b', 'c', 'd', 'e'))
    coordinator.finished('files', 'a')
    coordinator.wants('files', 0)
    coordinator.wants('files', 1)
    return coordinator
  }

  it('gives everything back that no checkpoint knew of, and leaves the others theirs', () => {
    const coordinator = reading()
    coordinator.lost('files', 0)
    assert.deepEqual(shown(coordinator.back('files', 0)), [])
    const [source] = coordinator.snapshot()
    assert.deepEqual(source?.finished, [])
    assert.deepEqual(source?.pending, splits('a', 'b', 'd', 'e'))
    assert.deepEqual(shown(coordinator.wants('files', 0)), ['0: a'])
  })

  it('gives back what stood in the newest checkpoint at that place, to the same subtask', () => {
    const coordinator = reading()
    const cut = coordinator.snapshot()
    const b = { id: 'b', position: 'Bw==' }
    coordinator.confirmed([record(0, [b], ['a']), record(1, splits('c'))], cut)
    coordinator.finished('files', 'b')
    coordinator.wants('files', 0) // takes d
    coordinator.lost('files', 0)
    const [assignment] = coordinator.back('files', 0)
    assert.deepEqual(assignment, { uid: 'files', subtaskIndex: 0, splits: [b], noMore: false })
    const [source] = coordinator.snapshot()
    assert.deepEqual(source, { uid: 'files', pending: splits('d', 'e'), finished: ['a'] })
  })

  it('does so again when it fails again', () => {
    const coordinator = reading()
    coordinator.confirmed([record(0, splits('b'), ['a'])], coordinator.snapshot())
    for (let time = 0; time < 2; time++) {
      coordinator.lost('files', 0)
      assert.deepEqual(shown(coordinator.back('files', 0)), ['0: b'])
    }
  })

  it('gives nothing to a subtask that is down, and all of it when it is back', () => {
    const coordinator = new SplitCoordinator([{ ...unbounded, discoversAgain: false }], [])
    coordinator.lost('topics', 0)
    const found = coordinator.discovered('topics', splits('a', 'b', 'c'))
    assert.deepEqual(shown(found), ['1: b, no more'])
    assert.deepEqual(shown(coordinator.back('topics', 0)), ['0: a c, no more'])
  })

  it('forgets who waits when it goes down', () => {
    const coordinator = new SplitCoordinator([bounded], [])
    coordinator.wants('files', 0)
    coordinator.lost('files', 0)
    assert.deepEqual(coordinator.discovered('files', splits('a')), [])
    assert.deepEqual(coordinator.undiscovered, [])
    coordinator.back('files', 0)
    assert.deepEqual(shown(coordinator.wants('files', 0)), ['0: a'])
  })
})
