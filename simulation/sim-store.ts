/**
 * The storage of the simulated world. A seed has one of two kinds: a job's directories lie on the
 * disk of one machine, under the production store of files; or far away, with a disk in each
 * machine for the copies that workers keep and the files they throw away.
 */
import type { BlobStore } from '../src/storage/blob-store.ts'
import type { Scratch } from '../src/storage/scratch.ts'
import type { RunJson, TaskJson } from './checks/link-json.ts'
import type { Directory } from './disk/directory.ts'
import { FarStorage } from './disk/far-storage.ts'
import { LocalStorage } from './disk/local-storage.ts'
import { TableStorage } from './disk/table-storage.ts'
import type { MachineWorld } from './disk/machine.ts'
import type { Scope } from './scheduler.ts'
import { footerChecksumOf } from './witness/run-file.ts'
import { SimKeys } from './sim-keys.ts'

export type StorageKind = 'disk' | 'far'

/** Of so many stores far away one keeps its blobs in tables of Cassandra, or of HBase. */
const TABLES_OF = 6
const REGIONS_OF = 9

/** Where jobs and savepoints lie; what is elsewhere is on the machine. */
const SHARED = 'sim/'

/** All directories there are. */
export class SimStorage {
  readonly kind: StorageKind
  readonly keys: SimKeys
  readonly #world: MachineWorld
  readonly #far: FarStorage | TableStorage
  readonly #machines: LocalStorage[] = []
  readonly #shared = new Map<string, Directory>()

  /** @param hasSubjects whose keys need that all else is encrypted. */
  constructor(world: MachineWorld, kind?: StorageKind, hasSubjects = false) {
    this.keys = new SimKeys(world.random.fork('keys'), hasSubjects)
    this.#world = { ...world, ...(this.keys.areUsed ? { keys: this.keys } : {}) }
    this.kind = kind ?? (world.random.fork('storage').int(2) === 0 ? 'disk' : 'far')
    const far = { ...this.#world, random: world.random.fork('far') }
    const isCassandra = world.random.fork('tables').int(TABLES_OF) === 0
    const isHBase = world.random.fork('regions').int(REGIONS_OF) === 0
    if (isCassandra) this.#far = new TableStorage(far, 'cassandra')
    else this.#far = isHBase ? new TableStorage(far, 'hbase') : new FarStorage(far)
  }

  /** Those of a job or a savepoint. */
  directory(location: string): Directory {
    let directory = this.#shared.get(location)
    if (directory === undefined) {
      const place = this.kind === 'far' ? this.#far : this.#machine(0)
      directory = place.directory(location)
      this.#shared.set(location, directory)
    }
    return directory
  }

  /** How often a leader went on from a checkpoint in the middle of the input. */
  get resumed(): number {
    return [...this.#shared.values()].reduce((sum, { chain }) => sum + chain.resumed, 0)
  }

  /** True if a checkpoint of this lineage with this id or a later one is complete somewhere. */
  wasConfirmed(lineage: string, checkpointId: number): boolean {
    const all = [...this.#shared.values()]
    return all.some(({ chain }) => chain.wasConfirmed(lineage, checkpointId))
  }

  /** What the tasks of a complete checkpoint have contributed. */
  checkpoint(lineage: string, leaderEpoch: number, id: number): readonly TaskJson[] | undefined {
    for (const { chain } of this.#shared.values()) {
      const link = chain.history.findLast((each) => each.checkpointId === id)
      if (link?.lineage === lineage && link.leaderEpoch === leaderEpoch) return link.tasks
    }
    return undefined
  }

  /** The bytes of a run, wherever it lies; undefined if it is gone. */
  runBytes({ name, lengthBytes, footerChecksum }: RunJson): Uint8Array | undefined {
    for (const directory of this.#shared.values()) {
      const bytes = directory.bytesOf(name)
      if (bytes?.length !== lengthBytes) continue
      if (footerChecksumOf(bytes) === footerChecksum) return bytes
    }
    return undefined
  }

  /** A store as one process or worker sees it, on a machine. */
  open(location: string, scope: Scope, machine = 0): BlobStore {
    const isShared = location.startsWith(SHARED)
    if (isShared) this.directory(location)
    if (isShared && this.kind === 'far') return this.#far.open(location, scope)
    return this.#machine(machine).open(location, scope)
  }

  scratch(directory: string, machine: number): Scratch {
    return this.#machine(machine).machine.scratch(directory)
  }

  /** The machine that a process is on: the only one if the directories lie on its disk. */
  machineOf(wanted: number): number {
    return this.kind === 'far' ? wanted : 0
  }

  /** A process ends when its machine loses its power. */
  attach(machine: number, crash: () => void): void {
    this.#machine(machine).machine.attach(crash)
  }

  losePower(machine: number): void {
    this.#world.faults.count('powerLost')
    this.#machine(machine).machine.losePower()
  }

  #machine(index: number): LocalStorage {
    const random = this.#world.random.fork(`machine-${index}`)
    return (this.#machines[index] ??= new LocalStorage({ ...this.#world, random }))
  }
}
