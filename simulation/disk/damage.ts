/**
 * What a disk does that no file system promises to survive: bits that rot, writes that are lost or
 * land in another file, syncs that are only said to be done. Few per seed, so that an older
 * checkpoint is sound, or a start afresh is all that is left; never without being noticed.
 */
import { required } from '../../src/util/assert.ts'
import type { Random } from '../../src/util/random.ts'
import type { FaultKind } from '../fault-kinds.ts'
import type { FaultPlan } from '../faults.ts'
import type { Disk, FileId } from './disk.ts'

/** More than this of all kinds together would leave nothing to go back to. */
const DAMAGES_MAX = 2
/** Those do harm only if the power is lost before the next sync. */
const LOST_SYNCS_MAX = 6

export type DamageKind = Extract<FaultKind, 'bitRot' | 'lostWrite' | 'misdirectedWrite'>

export class Damage {
  readonly #disk: Disk
  readonly #faults: FaultPlan
  readonly #random: Random
  readonly #kindsMax: number
  /** Of files that hold something else: what was meant to be in them. */
  readonly #meant = new Map<FileId, Uint8Array>()
  #damages = 0
  #lostSyncs = 0

  constructor(disk: Disk, faults: FaultPlan, random: Random) {
    this.#disk = disk
    this.#faults = faults
    this.#random = random
    this.#kindsMax = random.int(3) === 0 ? DAMAGES_MAX : 0
  }

  /** What was written to a file, whatever has become of it. */
  meant(file: FileId): Uint8Array {
    return this.#meant.get(file) ?? this.#disk.contents(file).all
  }

  /** Before something is read: a bit of some file, of this one or another, may turn over. */
  beforeRead(): void {
    if (!this.#strikes('bitRot')) return
    const file = this.#anyFile()
    const { all } = this.#disk.contents(file)
    if (all.length === 0) return
    const at = this.#random.int(all.length)
    const flipped = (all[at] ?? 0) ^ (1 << this.#random.int(8))
    this.#overwrite(file, at, Uint8Array.of(flipped))
  }

  /** A write that is acknowledged: done, lost, or done elsewhere. */
  write(file: FileId, bytes: Uint8Array): void {
    const isLost = this.#strikes('lostWrite')
    const isElsewhere = !isLost && this.#strikes('misdirectedWrite')
    if (isLost || isElsewhere || this.#meant.has(file)) {
      this.#meant.set(file, Buffer.concat([this.meant(file), bytes]))
    }
    const done = isLost || isElsewhere ? new Uint8Array(bytes.length) : bytes
    this.#disk.apply({ kind: 'write', file, bytes: done })
    if (!isElsewhere) return
    const other = this.#anyFile()
    if (other === file) return
    const { length } = this.#disk.contents(other).all
    const at = this.#random.int(length)
    this.#overwrite(other, at, bytes.subarray(0, length - at))
  }

  /** Whether a sync is only said to be done. Of a folder, one whose names others tell of. */
  skipsSync(path: string): boolean {
    if (this.#kindsMax === 0 || this.#lostSyncs >= LOST_SYNCS_MAX) return false
    if (path.endsWith('/') && !path.endsWith('/runs/')) return false
    if (!this.#faults.strikes('lostSync')) return false
    this.#lostSyncs++
    return true
  }

  #strikes(kind: DamageKind): boolean {
    if (this.#damages >= this.#kindsMax || this.#disk.files.size === 0) return false
    if (!this.#faults.strikes(kind)) return false
    this.#damages++
    return true
  }

  #anyFile(): FileId {
    const files = [...this.#disk.files.values()]
    return required(files[this.#random.int(files.length)], 'there is no file')
  }

  #overwrite(file: FileId, at: number, bytes: Uint8Array): void {
    if (!this.#meant.has(file)) this.#meant.set(file, this.#disk.contents(file).all)
    this.#disk.overwrite(file, at, bytes)
  }
}
