// Keys of subjects without a vault: a secret, and a list of what was erased.
import { Buffer } from 'node:buffer'
import { hash } from 'node:crypto'
import type { Entry, EntryStream } from '../../../src/state/backend.ts'
import type { KeyGroupRange } from '../../../src/state/key-groups.ts'
import { openRestore } from '../../../src/state/runs/run-lookups.ts'
import { restoreStream } from '../../../src/state/runs/run-set.ts'
import { EntrySeal } from '../../../src/state/sealed/entry-seal.ts'
import { Sealing } from '../../../src/state/sealed/sealing.ts'
import { type ShreddedOperator, subjectBytes } from '../../../src/state/sealed/subject.ts'
import type { RunReference } from '../../../src/state/snapshot.ts'
import { MemoryBlobStore } from '../../../src/storage/memory.ts'
import type { SubjectKeys } from '../../../src/storage/subject-keys.ts'
import { written } from '../lazy/runs.ts'

export class ListedSubjects implements SubjectKeys {
  readonly #erased = new Set<string>()

  tagOf(subject: Uint8Array): Uint8Array {
    for (let generation = 0; ; generation++) {
      const tag = mac(`tag ${generation}`, subject).subarray(0, 16)
      if (this.has(tag)) return tag
    }
  }

  keyOf(tag: Uint8Array): Uint8Array | undefined {
    return this.has(tag) ? mac('key', tag) : undefined
  }

  has(tag: Uint8Array): boolean {
    return !this.#erased.has(Buffer.from(tag).toString('hex'))
  }

  erase(subject: unknown): void {
    this.#erased.add(Buffer.from(this.tagOf(subjectBytes(subject, 'test'))).toString('hex'))
  }
}

function mac(label: string, bytes: Uint8Array): Buffer {
  return hash('sha256', Buffer.concat([Buffer.from(label), bytes]), 'buffer')
}

/** Whose a key is in these tests: several keys have a subject in common. */
export function subjectOf(key: unknown): string {
  return `person ${String(typeof key === 'number' ? Math.abs(key) % 3 : key)}`
}

export const OPERATOR: ShreddedOperator = { uid: 'tested', subjectOf }
export const OPERATOR_ID = 3
/** Of the suite of backends: all kinds of state, and those with time-to-live. */
const OPERATORS = new Map([OPERATOR_ID, 5].map((id) => [id, OPERATOR]))

export type SubjectStore = MemoryBlobStore & { readonly subjects: ListedSubjects }

export function subjectStore(subjects = new ListedSubjects()): SubjectStore {
  return Object.assign(new MemoryBlobStore(), { subjects })
}

/** Plain entries of a run as they lie in one. */
export function sealedRun(plain: readonly Entry[], subjects: SubjectKeys): readonly Entry[] {
  const sealing = new Sealing(new EntrySeal(subjects), OPERATORS)
  const sealed: Entry[] = []
  for (const entry of plain) sealed.push(...sealing.take(entry))
  return [...sealed, ...sealing.rest()]
}

/** Runs that were sealed, as a restore meets them. */
export async function sealedRuns(
  runs: readonly (readonly Entry[])[],
  store: SubjectStore = subjectStore(),
): Promise<readonly RunReference[]> {
  const references: RunReference[] = []
  for (const [index, run] of runs.entries()) {
    references.push(await written(store, `runs/${index}.run`, sealedRun(run, store.subjects), 2000))
  }
  return references
}

/** Opened for look-ups. */
export async function sealedLookups(
  runs: readonly (readonly Entry[])[],
  keyGroups: KeyGroupRange,
): Promise<EntryStream> {
  const store = subjectStore()
  return openRestore(store, await sealedRuns(runs, store), keyGroups)
}

/** As one stream. */
export async function sealedStream(
  runs: readonly (readonly Entry[])[],
  keyGroups: KeyGroupRange,
): Promise<EntryStream> {
  const store = subjectStore()
  return restoreStream(store, await sealedRuns(runs, store), keyGroups, { order: 'within rows' })
}
