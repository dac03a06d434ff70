/**
 * When and how the file operations of a simulated process happen. What only touches the page cache
 * is done at once; what a disk must move for takes an event of the world, and between asking and
 * doing the process may crash, the machine lose its power, or the disk fail.
 */
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import { TEMPORARY_MARK } from '../../src/storage/blob-name.ts'
import { Violation, type Scope } from '../scheduler.ts'
import { type FileId, systemError } from './disk.ts'
import type { FileOperation, Performer } from './files.ts'
import type { SimMachine } from './machine.ts'

const LATENCY_MS_MAX = 0.8
const SLOW_MS_MAX = 40
/** What is done at once takes an event in one of so many cases. */
const ELSE_AT_ONCE = 4

const CHANGES: ReadonlySet<FileOperation> = new Set<FileOperation>([
  'create',
  'mkdir',
  'link',
  'unlink',
  'write',
  'sync',
  'sync-folder',
])
const NEEDS_ROOM: ReadonlySet<FileOperation> = new Set<FileOperation>([
  'create',
  'mkdir',
  'link',
  'write',
])
const OPENS: ReadonlySet<FileOperation> = new Set<FileOperation>(['open', 'create', 'list'])
/** What needs the disk itself; `sync-folder` only if there is something to sync. */
const TAKES_TIME: ReadonlySet<FileOperation> = new Set<FileOperation>(['read', 'list', 'sync'])
/** Those that a failing disk makes fail. */
const MOVES: ReadonlySet<FileOperation> = new Set<FileOperation>([
  'read',
  'write',
  'link',
  'unlink',
  'sync',
  'sync-folder',
])

/** Those of jobs. */
const RUNS = /^\/disk\/sim\/.*\/runs\//

export class ProcessPerformer implements Performer {
  readonly #machine: SimMachine
  readonly #scope: Scope

  constructor(machine: SimMachine, scope: Scope) {
    this.#machine = machine
    this.#scope = scope
  }

  readonly perform = <T>(operation: FileOperation, path: string, effect: () => T): Promise<T> => {
    if (!this.#scope.isAlive) return new Promise(() => undefined)
    const error = this.#trouble(operation, path)
    const delayMs = this.#delayMs(operation, path, error !== undefined)
    if (delayMs > 0) return this.#later(operation, path, delayMs, error, effect)
    return new Promise((resolve) => resolve(this.#checked(effect)))
  }

  readonly performNow = <T>(operation: FileOperation, path: string, effect: () => T): T => {
    this.#machine.damage.beforeRead()
    const error = this.#trouble('open', path) ?? this.#trouble(operation, path)
    if (error !== undefined) throw error
    return effect()
  }

  readonly part = (operation: 'read' | 'write', lengthBytes: number): number => {
    const { faults, random } = this.#machine.world
    if (lengthBytes < 2) return lengthBytes
    // The disk may become full in the middle of a write: the rest is refused.
    const isShort =
      faults.strikes(operation === 'read' ? 'shortRead' : 'shortWrite') ||
      (operation === 'write' && this.#machine.has('diskFull'))
    return isShort ? 1 + random.int(lengthBytes - 1) : lengthBytes
  }

  readonly read = (bytes: Uint8Array): Uint8Array => this.#machine.asRead(bytes)

  readonly write = (file: FileId, bytes: Uint8Array): void => {
    this.#machine.damage.write(file, bytes)
  }

  readonly skipsSync = (path: string): boolean => this.#machine.damage.skipsSync(path)

  /** Performs `effect` at one instant of the future, if nothing comes in between. */
  #later<T>(
    operation: FileOperation,
    path: string,
    delayMs: number,
    error: Error | undefined,
    effect: () => T,
  ): Promise<T> {
    const { world, boots } = this.#machine
    const { scheduler, faults, random } = world
    const scope = this.#scope
    const label = `${operation} ${shown(path)} ${this.#check(operation, path)}`
    return new Promise((resolve, reject) => {
      scheduler.schedule(scheduler.world, delayMs, label, () => {
        if (this.#machine.boots !== boots) return
        const mayLand = CHANGES.has(operation) && !scope.isAlive
        if (!scope.isAlive && !(mayLand && faults.strikes('landsAfterCrash'))) return
        const isLast = faults.strikes('powerLost')
        if (isLast && random.int(2) === 0) return this.#machine.losePower()
        let answer: () => void
        try {
          if (error !== undefined) throw error
          const result = this.#checked(effect)
          answer = () => resolve(result)
        } catch (problem) {
          answer = () => reject(problem)
        }
        if (isLast) this.#machine.losePower()
        if (!scope.isAlive) return
        if (scope.stalledUntilMs <= scheduler.nowMs) answer()
        else scheduler.schedule(scope, 0, 'answer', answer)
      })
    })
  }

  /** Why the operation fails, if it does. */
  #trouble(operation: FileOperation, path: string): Error | undefined {
    const machine = this.#machine
    const { faults } = machine.world
    const codes: string[] = []
    if (NEEDS_ROOM.has(operation) && machine.has('diskFull')) codes.push('ENOSPC')
    if (OPENS.has(operation) && machine.has('tooManyFiles')) codes.push('EMFILE')
    if (MOVES.has(operation) && faults.strikes('diskError')) codes.push('EIO')
    const isRun = operation === 'sync' && RUNS.test(path) && this.#scope.isWorker
    if (isRun && faults.strikes('runError')) codes.push('EIO')
    const [code] = codes
    return code === undefined ? undefined : systemError(code, `injected: ${shown(path)}`)
  }

  #delayMs(operation: FileOperation, path: string, fails: boolean): number {
    const { disk, world } = this.#machine
    const slowMsMax = SLOW_MS_MAX * world.scheduler.scale.slowness
    const slowMs = this.#machine.has('diskSlow') ? world.random.next() * slowMsMax : 0
    const isQuick =
      operation === 'sync-folder'
        ? !disk.undecided.some((change) => dirname(change.path) === path)
        : !TAKES_TIME.has(operation)
    const isAtOnce = operation === 'open' || world.random.int(ELSE_AT_ONCE) > 0
    if (slowMs === 0 && isQuick && !fails && isAtOnce) return 0
    if (operation === 'read') this.#machine.damage.beforeRead()
    return slowMs + world.random.next() * LATENCY_MS_MAX
  }

  /** Of what becomes durable, for the trace. */
  #check(operation: FileOperation, path: string): string {
    const { disk } = this.#machine
    const file = operation === 'sync' ? disk.files.get(path) : undefined
    return file === undefined ? '' : crc32(disk.contents(file).all).toString(16)
  }

  /** A check that fails is the end of the seed, not an error of the disk. */
  #checked<T>(effect: () => T): T {
    try {
      return effect()
    } catch (error) {
      if (error instanceof Violation) this.#machine.world.scheduler.fail(error)
      throw error
    }
  }
}

/** Without the parts of a name that differ from run to run. */
function shown(path: string): string {
  const end = path.indexOf(TEMPORARY_MARK)
  return end < 0 ? path : `${path.slice(0, end)}.tmp`
}
