/**
 * Every disk that a loss of power may leave: after each prefix of the log, each choice of which
 * changes of names had reached the disk unsynced, and each state of files that were not synced.
 */
import { Disk, type FileId, type Image } from '../../simulation/disk/disk.ts'
import { contentsLeft, namesLeft } from '../../simulation/disk/power.ts'
import type { Random } from '../../src/util/random.ts'
import type { CrashDisk } from './crash-disk.ts'

export interface LeftDisk {
  readonly image: Image
  /** How many operations of the log had been done. */
  readonly done: number
  /** What had been promised by then. */
  readonly promised: readonly string[]
}

/** More undecided changes than this are chosen from by chance. */
const UNDECIDED_MAX = 12
const CHOICES_BY_CHANCE = 512
const IMAGES_BY_CHANCE = 64

/** @param random chooses where there are too many; all are taken where there are few. */
export function* lostPower({ initial, log }: CrashDisk, random: Random): Generator<LeftDisk> {
  // The same operations once more, one at a time.
  const disk = new Disk(initial)
  const promised: string[] = []
  for (let done = 0; done <= log.length; done++) {
    for (const lost of choices(disk.undecided, random)) {
      const { files } = namesLeft(disk, (change) => lost.has(change))
      for (const image of imagesOf(disk, files, random)) {
        yield { image, done, promised: [...promised] }
      }
    }
    const next = log[done]
    if (next?.kind === 'promise') promised.push(next.what)
    else if (next !== undefined) disk.apply(next)
  }
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

function* imagesOf(
  disk: Disk,
  names: ReadonlyMap<string, FileId>,
  random: Random,
): Generator<Image> {
  const paths = Map.groupBy(names.keys(), (path) => names.get(path) ?? 0)
  const variants = [...paths].map(([file, all]) => {
    return { paths: all, contents: contentsLeft(disk.contents(file)) }
  })
  const count = variants.reduce((product, { contents }) => product * contents.length, 1)
  const few = count <= IMAGES_BY_CHANCE
  for (let choice = 0; choice < Math.min(count, IMAGES_BY_CHANCE); choice++) {
    const image = new Map<string, Uint8Array>()
    let rest = few ? choice : random.int(count)
    for (const { paths: found, contents } of variants) {
      const bytes = contents[rest % contents.length] ?? new Uint8Array(0)
      rest = Math.floor(rest / contents.length)
      for (const path of found) image.set(path, bytes)
    }
    yield image
  }
}
