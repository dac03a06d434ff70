/**
 * Every disk that a loss of power may leave: after each prefix of the log, each choice of which
 * changes of names had reached the disk unsynced, and each state of files that were not synced.
 */
import { dirname } from 'node:path'
import type { Random } from '../../src/util/random.ts'
import type { CrashDisk, Image, Inode, Operation } from './crash-disk.ts'

export interface LeftDisk {
  readonly image: Image
  /** How many operations of the log had been done. */
  readonly done: number
  /** What had been promised by then. */
  readonly promised: readonly string[]
}

type NameChange = Extract<Operation, { readonly kind: 'mkdir' | 'name' | 'unname' }>

/** More undecided changes than this are chosen from by chance. */
const UNDECIDED_MAX = 12
const CHOICES_BY_CHANCE = 512
const IMAGES_BY_CHANCE = 64

interface Moment {
  /** Changes of names whose folder has not been synced since, in order; the others are durable. */
  readonly undecided: readonly NameChange[]
  readonly changes: readonly NameChange[]
  readonly inodes: ReadonlyMap<Inode, InodeState>
  readonly promised: readonly string[]
}

interface InodeState {
  readonly synced: Uint8Array
  readonly all: Uint8Array
}

/** @param random chooses where there are too many; all are taken where there are few. */
export function* lostPower(disk: CrashDisk, random: Random): Generator<LeftDisk> {
  for (let done = 0; done <= disk.log.length; done++) {
    const moment = momentAt(disk, done)
    for (const lost of choices(moment.undecided, random)) {
      const names = namesAfter(disk, moment, lost)
      for (const image of imagesOf(names, moment, random)) {
        yield { image, done, promised: moment.promised }
      }
    }
  }
}

function momentAt({ log }: CrashDisk, done: number): Moment {
  const changes: NameChange[] = []
  let undecided: NameChange[] = []
  const inodes = new Map<Inode, InodeState>()
  const promised: string[] = []
  const empty = { synced: new Uint8Array(0), all: new Uint8Array(0) }
  for (const operation of log.slice(0, done)) {
    switch (operation.kind) {
      case 'mkdir':
      case 'unname':
      case 'name':
        changes.push(operation)
        undecided.push(operation)
        if (operation.kind === 'name' && !inodes.has(operation.inode)) {
          inodes.set(operation.inode, empty)
        }
        break
      case 'sync-folder':
        undecided = undecided.filter(({ path }) => dirname(path) !== operation.path)
        break
      case 'write': {
        const { synced, all } = inodes.get(operation.inode) ?? empty
        inodes.set(operation.inode, { synced, all: Buffer.concat([all, operation.bytes]) })
        break
      }
      case 'sync-file': {
        const { all } = inodes.get(operation.inode) ?? empty
        inodes.set(operation.inode, { synced: all, all })
        break
      }
      case 'promise':
        promised.push(operation.what)
    }
  }
  return { changes, undecided, inodes, promised }
}

/** Which of the undecided changes are lost. */
function* choices<T>(undecided: readonly T[], random: Random): Generator<ReadonlySet<T>> {
  const few = undecided.length <= UNDECIDED_MAX
  const count = few ? 2 ** undecided.length : CHOICES_BY_CHANCE
  for (let choice = 0; choice < count; choice++) {
    yield new Set(
      undecided.filter((_, index) => (few ? (choice >> index) & 1 : random.int(2)) === 1),
    )
  }
}

/** The names that are left, and what they mean. Those in a folder that is lost are not there. */
function namesAfter(
  { initial }: CrashDisk,
  { changes }: Moment,
  lost: ReadonlySet<NameChange>,
): ReadonlyMap<string, Inode | Uint8Array> {
  const names = new Map<string, Inode | Uint8Array>(initial)
  const lostFolders: string[] = []
  for (const change of changes) {
    if (lost.has(change)) {
      if (change.kind === 'mkdir') lostFolders.push(change.path)
      continue
    }
    if (change.kind === 'name') names.set(change.path, change.inode)
    if (change.kind === 'unname') names.delete(change.path)
  }
  for (const path of names.keys()) {
    if (lostFolders.some((folder) => path.startsWith(`${folder}/`))) names.delete(path)
  }
  return names
}

function* imagesOf(
  names: ReadonlyMap<string, Inode | Uint8Array>,
  { inodes }: Moment,
  random: Random,
): Generator<Image> {
  const fixed = new Map<string, Uint8Array>()
  const open = new Map<Inode, string[]>()
  for (const [path, file] of names) {
    if (file instanceof Uint8Array) fixed.set(path, file)
    else open.set(file, [...(open.get(file) ?? []), path])
  }
  const variants = [...open].map(([inode, paths]) => {
    const state = inodes.get(inode)
    return { paths, contents: state === undefined ? [inode.bytes] : contentsOf(state) }
  })
  const count = variants.reduce((product, { contents }) => product * contents.length, 1)
  const few = count <= IMAGES_BY_CHANCE
  for (let choice = 0; choice < Math.min(count, IMAGES_BY_CHANCE); choice++) {
    const image = new Map(fixed)
    let rest = few ? choice : random.int(count)
    for (const { paths, contents } of variants) {
      const bytes = contents[rest % contents.length] ?? new Uint8Array(0)
      rest = Math.floor(rest / contents.length)
      for (const path of paths) image.set(path, bytes)
    }
    yield image
  }
}

/** What a file that was not synced may hold: nothing new, half of it, its length alone, all. */
function contentsOf({ synced, all }: InodeState): readonly Uint8Array[] {
  if (synced.length === all.length) return [all]
  const half = all.subarray(0, (synced.length + all.length) >>> 1)
  const zeros = new Uint8Array(all.length)
  zeros.set(synced)
  return [synced, half, zeros, all]
}
