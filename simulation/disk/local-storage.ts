/**
 * Directories on the disk of a simulated machine, under the production store of files. Each link
 * and deletion is told to the directory when it becomes visible, and what the store has promised is
 * remembered until the power is lost.
 */
import { join } from 'node:path'
import { isBlobName } from '../../src/storage/blob-name.ts'
import type { BlobStore, BlobWriter } from '../../src/storage/blob-store.ts'
import { LocalBlobStore } from '../../src/storage/local.ts'
import type { Scope } from '../scheduler.ts'
import { Directory } from './directory.ts'
import type { Disk, Operation } from './disk.ts'
import { SimMachine, type MachineWorld } from './machine.ts'

export class LocalStorage {
  readonly machine: SimMachine
  /** By the folder they lie in, with its slash. */
  readonly #directories = new Map<string, Directory>()

  constructor(world: MachineWorld) {
    const onRestart = (): void => this.#restarted()
    this.machine = new SimMachine(world, (operation) => this.#changed(operation), onRestart)
  }

  directory(location: string): Directory {
    const root = `${rootOf(location)}/`
    let directory = this.#directories.get(root)
    if (directory === undefined) {
      const { disk, world } = this.machine
      const blobs = { get: (name: string) => allOf(disk, root + name) }
      const names = {
        has: (name: string) => disk.files.has(root + name),
        lasts: (name: string) => disk.lasts(root + name),
      }
      directory = new Directory(location, blobs, names, world.keys)
      this.#directories.set(root, directory)
    }
    return directory
  }

  /** A store as one process or worker sees it. */
  open(location: string, scope: Scope): BlobStore {
    const { world } = this.machine
    return new WatchedStore(location, this.directory(location), {
      files: this.machine.files(scope),
      random: world.random.fork(`${scope.name} ${world.scheduler.events} ${location}`),
    })
  }

  #changed(operation: Operation): void {
    if (operation.kind !== 'name' && operation.kind !== 'unname') return
    for (const [root, directory] of this.#directories) {
      const name = operation.path.startsWith(root) ? operation.path.slice(root.length) : ''
      if (!isBlobName(name)) continue
      directory.chain.isDamaged ||= this.machine.world.faults.hasDamage
      if (operation.kind === 'unname') directory.deleted(name)
      else {
        const { all, syncedBytes } = this.machine.disk.contents(operation.file)
        const meant = this.machine.damage.meant(operation.file)
        directory.written(name, meant, syncedBytes === all.length)
      }
    }
  }

  #restarted(): void {
    const { disk, world, damage } = this.machine
    for (const [root, directory] of this.#directories) {
      directory.chain.isDamaged ||= world.faults.hasDamage
      const left = new Map<string, Uint8Array>()
      for (const path of disk.filesBelow(root.slice(0, -1))) {
        const name = path.slice(root.length)
        if (isBlobName(name)) left.set(name, damage.meant(disk.find(path)))
      }
      directory.restarted(left)
    }
  }
}

/** Tells the directory what it promises. */
class WatchedStore extends LocalBlobStore {
  /** As a folder that every thread of the machine sees. */
  override readonly plainLocation: string
  readonly #directory: Directory

  constructor(
    location: string,
    directory: Directory,
    options: ConstructorParameters<typeof LocalBlobStore>[1],
  ) {
    super(rootOf(location), options, location)
    this.plainLocation = location
    this.#directory = directory
  }

  override async create(name: string): Promise<BlobWriter> {
    const writer = await super.create(name)
    return {
      write: (chunk) => writer.write(chunk),
      close: async () => {
        await writer.close()
        this.#directory.promise(name)
      },
      abort: () => writer.abort(),
    }
  }

  override async putIfAbsent(name: string, bytes: Uint8Array): Promise<boolean> {
    const isNew = await super.putIfAbsent(name, bytes)
    if (isNew) this.#directory.promise(name)
    return isNew
  }

  override async linkFrom(source: BlobStore, name: string, target: string): Promise<boolean> {
    const isLinked = await super.linkFrom(source, name, target)
    if (isLinked) this.#directory.promise(target)
    return isLinked
  }

  override delete(name: string): Promise<void> {
    this.#directory.withdraw(name)
    return super.delete(name)
  }
}

const rootOf = (location: string) => join('/disk', location)

function allOf(disk: Disk, path: string): Uint8Array | undefined {
  const file = disk.files.get(path)
  return file === undefined ? undefined : disk.contents(file).all
}
