/**
 * What a checkpoint or savepoint says of the operator whose subjects are erased, read by the tools
 * of production from the bytes that are there, with the keys of one vault; and what all of its
 * files say to who has no vault.
 */
import { Snapshot } from '../../src/savepoint/snapshot.ts'
import type { BlobStore } from '../../src/storage/blob-store.ts'
import type { SubjectKeys } from '../../src/storage/subject-keys.ts'
import { MillraceError } from '../../src/errors.ts'
import type { Directory } from '../disk/directory.ts'
import { linkName, type KnownLink } from '../checks/chain.ts'
import { type Key, numberOf } from '../workloads/keys.ts'
import { CANARY, SEEN_UID, SHREDDED_UID } from '../workloads/shredded.ts'

/** What is held of a key. */
export interface KeyContent {
  readonly values: readonly number[]
  readonly digest: number
  readonly held: number
  readonly name: string
  /** Timers that are set, and what they carry. */
  timers: number
  payloads: Set<string>
}

export interface ShreddedContent {
  /** How many records of each key had come. */
  readonly seen: ReadonlyMap<number, number>
  readonly keys: ReadonlyMap<number, KeyContent>
}

/**
 * The bytes of a link and of all that it needs, as they are at this moment; plain. Without the
 * other links: that the job has left it behind is no reason not to read it.
 */
export function bytesOfLink(
  directory: Directory,
  link: KnownLink,
): ReadonlyMap<string, Uint8Array> {
  const names = [linkName(link), ...link.runs.keys()]
  const found = names.flatMap((name) => {
    const bytes = directory.bytesOf(name)
    return bytes === undefined ? [] : [[name, bytes] as const]
  })
  return new Map(found)
}

/** Undefined if none of the files tells in the clear of a subject. */
export function toldBy(files: ReadonlyMap<string, Uint8Array>): string | undefined {
  const told = [...files].find(([, bytes]) => Buffer.from(bytes).includes(CANARY))
  return told === undefined ? undefined : `${told[0]} tells of a subject in the clear`
}

/** @throws what opening and reading throws. */
export async function contentOf(
  location: string,
  files: ReadonlyMap<string, Uint8Array>,
  checkpointId: number,
  subjects: SubjectKeys,
): Promise<ShreddedContent> {
  await using snapshot = await Snapshot.open(storeOf(location, files, subjects), { checkpointId })
  const seen = new Map<number, number>()
  const keys = new Map<number, KeyContent>()
  const uids = new Set(snapshot.operators.map(({ uid }) => uid))
  if (!uids.has(SEEN_UID) || !uids.has(SHREDDED_UID)) return { seen, keys }
  for await (const { key, states } of snapshot.state(SEEN_UID).rows()) {
    seen.set(Number(key), Number(Object.values(states)[0]))
  }
  const operator = snapshot.state(SHREDDED_UID)
  for await (const { key, states } of operator.rows()) {
    // What the workload has declared, decoded by the types in the snapshot.
    const { values, digest, byValue, name } = states as Readonly<Record<string, unknown>>
    const counts = [...(byValue as ReadonlyMap<number, number>).values()]
    keys.set(kOf(key), {
      values: [...(values as Iterable<number>)],
      digest: Number(digest),
      held: counts.reduce((sum, n) => sum + n, 0),
      name: String(name),
      timers: 0,
      payloads: new Set(),
    })
  }
  for await (const { key, payload } of operator.timers()) {
    const content = keys.get(kOf(key))
    if (content === undefined) throw new Error(`key ${kOf(key)} has a timer and no row`)
    content.timers++
    content.payloads.add(String(payload))
  }
  return { seen, keys }
}

function kOf(key: unknown): number {
  return numberOf(key as Key) // as the workload makes them
}

function storeOf(
  location: string,
  files: ReadonlyMap<string, Uint8Array>,
  subjects: SubjectKeys,
): BlobStore {
  const blob = (name: string): Uint8Array => {
    const bytes = files.get(name)
    if (bytes === undefined) throw new MillraceError('STORAGE_NOT_FOUND', name)
    return bytes
  }
  const only = (): never => {
    throw new Error('a snapshot is only read')
  }
  return {
    location,
    subjects,
    create: only,
    putIfAbsent: only,
    delete: only,
    read: async (name, offset = 0, length) => {
      return blob(name).subarray(offset, length === undefined ? undefined : offset + length)
    },
    stat: async (name) => ({ name, lengthBytes: blob(name).length }),
    list: async (prefix) => {
      const names = [...files.keys()].filter((name) => name.startsWith(prefix)).toSorted()
      return names.map((name) => ({ name, lengthBytes: blob(name).length }))
    },
    close: async () => undefined,
  }
}
