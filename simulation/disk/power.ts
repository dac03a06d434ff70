/**
 * What a loss of power leaves of a disk: of the changes of names that were not synced any may be
 * lost, and of a file that was not synced anything behind what was. The crash points go through
 * all of it, the simulator chooses by chance.
 */
import type { Random } from '../../src/util/random.ts'
import {
  changeNames,
  type Contents,
  copied,
  type Disk,
  type NameChange,
  type Names,
} from './disk.ts'

/** The unit in which a write may be torn. */
const SECTOR_BYTES = 512

/** The names that are left, and what they mean. Those in a folder that is lost are not there. */
export function namesLeft(disk: Disk, isLost: (change: NameChange) => boolean): Names {
  const names = copied(disk.lasting)
  const lostFolders: string[] = []
  for (const change of disk.undecided) {
    if (!isLost(change)) changeNames(names, change)
    else if (change.kind === 'mkdir') lostFolders.push(`${change.path}/`)
  }
  for (const lost of lostFolders) {
    for (const path of names.files.keys()) if (path.startsWith(lost)) names.files.delete(path)
    for (const path of names.folders) if (path.startsWith(lost)) names.folders.delete(path)
  }
  return names
}

/** What a file that was not synced may hold: nothing new, half of it, its length alone, all. */
export function contentsLeft({ all, syncedBytes }: Contents): readonly Uint8Array[] {
  if (syncedBytes === all.length) return [all]
  const half = all.subarray(0, (syncedBytes + all.length) >>> 1)
  return [all.subarray(0, syncedBytes), half, zeroed(all, syncedBytes, all.length), all]
}

export interface PowerChances {
  readonly nameIsLost: () => boolean
  readonly writeIsLost: () => boolean
  readonly writeIsTorn: () => boolean
}

/** The power is lost, and comes back. Unless a chance says so, what was not synced is there. */
export function losePower(disk: Disk, chances: PowerChances, random: Random): void {
  const names = namesLeft(disk, () => chances.nameIsLost())
  for (const file of new Set(names.files.values())) {
    const contents = disk.contents(file)
    const { all, syncedBytes } = contents
    if (syncedBytes === all.length) continue
    if (chances.writeIsLost()) contents.all = contentsLeft(contents)[random.int(3)] ?? all
    else if (chances.writeIsTorn()) contents.all = torn(contents, random)
    contents.syncedBytes = contents.all.length
  }
  disk.restart(names)
}

/** Some sectors of what was not synced have been written. */
function torn({ all, syncedBytes }: Contents, random: Random): Uint8Array {
  let left = all
  for (let from = syncedBytes; from < all.length; from += SECTOR_BYTES) {
    if (random.int(2) === 0) left = zeroed(left, from, Math.min(all.length, from + SECTOR_BYTES))
  }
  return left
}

export function zeroed(bytes: Uint8Array, from: number, to: number): Uint8Array {
  return new Uint8Array(bytes).fill(0, from, to)
}
