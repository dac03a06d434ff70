/**
 * A simulated machine: a disk, the processes that use it, and what is wrong with it for a while.
 * When its power is lost all processes end at once, and of what was not synced any part may be
 * gone; when a process ends alone, the disk is as it left it.
 */
import type { FileOperations } from '../../src/storage/local-files.ts'
import type { Scratch } from '../../src/storage/scratch.ts'
import type { Random } from '../../src/util/random.ts'
import type { FaultPlan } from '../faults.ts'
import type { Scheduler, Scope } from '../scheduler.ts'
import type { SimKeys } from '../sim-keys.ts'
import { Damage } from './damage.ts'
import { Disk, type Operation } from './disk.ts'
import { filesOn } from './files.ts'
import { losePower } from './power.ts'
import { ProcessPerformer } from './performer.ts'
import { SimScratch } from './sim-scratch.ts'

export interface MachineWorld {
  readonly scheduler: Scheduler
  readonly faults: FaultPlan
  readonly random: Random
  /** Absent: nothing is encrypted. */
  readonly keys?: SimKeys
}

/** Troubles that last, and for how long at most. */
const LASTING_MS_MAX = { diskFull: 400, tooManyFiles: 150, diskSlow: 1_200 } as const

export type LastingTrouble = keyof typeof LASTING_MS_MAX

export class SimMachine {
  readonly world: MachineWorld
  readonly disk: Disk
  readonly damage: Damage
  readonly #processes = new Set<() => void>()
  readonly #untilMs = new Map<LastingTrouble, number>()
  readonly #onRestart: () => void
  #boots = 1

  constructor(
    world: MachineWorld,
    onOperation: (operation: Operation) => void,
    onRestart: () => void,
  ) {
    this.world = world
    this.disk = new Disk(new Map(), onOperation)
    this.damage = new Damage(this.disk, world.faults, world.random.fork('damage'))
    this.#onRestart = onRestart
  }

  /** How often it has been switched on. */
  get boots(): number {
    return this.#boots
  }

  /** A process that ends when the power is lost. */
  attach(crash: () => void): void {
    this.#processes.add(crash)
  }

  /** The disk as one process or worker has it. */
  files(scope: Scope): FileOperations {
    return filesOn(this.disk, new ProcessPerformer(this, scope))
  }

  scratch(directory: string): Scratch {
    return new SimScratch(this, directory)
  }

  losePower(): void {
    const { scheduler, faults, random } = this.world
    scheduler.note('world', 'the power is lost')
    this.#boots++
    for (const crash of this.#processes) crash()
    this.#processes.clear()
    losePower(
      this.disk,
      {
        nameIsLost: () => faults.strikes('nameLost'),
        writeIsLost: () => faults.strikes('writeLost'),
        writeIsTorn: () => faults.strikes('writeTorn'),
      },
      random,
    )
    this.#onRestart()
  }

  /** Whether there is such a trouble now; it may begin now. */
  has(trouble: LastingTrouble): boolean {
    const { scheduler, faults, random } = this.world
    if (faults.isHealed) return false
    if ((this.#untilMs.get(trouble) ?? 0) > scheduler.nowMs) return true
    if (!faults.strikes(trouble)) return false
    const lastsMs = random.next() * LASTING_MS_MAX[trouble] * scheduler.scale.slowness
    this.#untilMs.set(trouble, scheduler.nowMs + lastsMs)
    return true
  }

  /** What a reader gets of these bytes. */
  asRead(bytes: Uint8Array): Uint8Array {
    return flippedByChance(bytes, this.world)
  }
}

/** One bit of what is read is another one, this time. */
export function flippedByChance(
  bytes: Uint8Array,
  { faults, random }: Pick<MachineWorld, 'faults' | 'random'>,
): Uint8Array {
  return bytes.length > 0 && faults.strikes('readFlip') ? flippedOnce(bytes, random) : bytes
}

export function flippedOnce(bytes: Uint8Array, random: Random): Uint8Array {
  const flipped = new Uint8Array(bytes)
  const at = random.int(flipped.length)
  flipped[at] = (flipped[at] ?? 0) ^ (1 << random.int(8))
  return flipped
}
