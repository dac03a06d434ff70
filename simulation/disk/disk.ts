/**
 * A disk in memory that knows what survives a loss of power. The rules are POSIX's at their
 * weakest: what was written to a file lasts once the file has been synced, and a name once its
 * folder has been synced after it. Before that each write and each change of a name may have
 * reached the disk or not, whatever the order (`power.ts`). A single change of a name is atomic.
 * The simulator's machines and the crash points both stand on it.
 */
import { dirname } from 'node:path'
import { required } from '../../src/util/assert.ts'

/** Which file a name means; several names may mean the same. */
export type FileId = number

export type NameChange =
  | { readonly kind: 'mkdir'; readonly path: string }
  | { readonly kind: 'name'; readonly path: string; readonly file: FileId }
  | { readonly kind: 'unname'; readonly path: string }

/** What changes a disk; the same operations on an equal disk give an equal disk. */
export type Operation =
  | NameChange
  | { readonly kind: 'write'; readonly file: FileId; readonly bytes: Uint8Array }
  | { readonly kind: 'sync-file'; readonly file: FileId }
  | { readonly kind: 'sync-folder'; readonly path: string }

/** Whole files by absolute path. */
export type Image = ReadonlyMap<string, Uint8Array>

export interface Contents {
  /** As a process reads them. */
  all: Uint8Array
  /** So much from the beginning is durable. */
  syncedBytes: number
}

/** The names of a disk, and what they mean. */
export interface Names {
  readonly files: Map<string, FileId>
  readonly folders: Set<string>
}

export class Disk {
  /** As processes see them. */
  #seen: Names = { files: new Map(), folders: new Set(['/']) }
  /** Those that no loss of power changes. */
  #lasting: Names = { files: new Map(), folders: new Set(['/']) }
  #undecided: NameChange[] = []
  readonly #contents = new Map<FileId, Contents>()
  readonly #onOperation: (operation: Operation) => void
  #nextFile = 1

  /** @param initial what is there, durably. */
  constructor(initial: Image = new Map(), onOperation: (operation: Operation) => void = () => {}) {
    this.#onOperation = onOperation
    for (const [path, bytes] of initial) {
      this.#contents.set(this.#nextFile, { all: bytes, syncedBytes: bytes.length })
      this.#seen.files.set(path, this.#nextFile++)
      for (let folder = dirname(path); folder !== '/'; folder = dirname(folder)) {
        this.#seen.folders.add(folder)
      }
    }
    this.#lasting = copied(this.#seen)
  }

  /** The files as a process sees them, synced or not. */
  get image(): Image {
    return new Map([...this.#seen.files].map(([path, id]) => [path, this.contents(id).all]))
  }

  /** The names that no loss of power changes. */
  get lasting(): Names {
    return this.#lasting
  }

  /** Changes of names whose folder has not been synced since, in order. */
  get undecided(): readonly NameChange[] {
    return this.#undecided
  }

  get files(): ReadonlyMap<string, FileId> {
    return this.#seen.files
  }

  contents(file: FileId): Contents {
    return required(this.#contents.get(file), `there is no file ${file}`)
  }

  /** The file of a name; `ENOENT` if there is none. */
  find(path: string): FileId {
    const file = this.#seen.files.get(path)
    if (file === undefined) throw systemError('ENOENT', path)
    return file
  }

  /** Whether a name means something that no loss of power takes back or brings back. */
  lasts(path: string): boolean {
    const file = this.#lasting.files.get(path)
    return file !== undefined && file === (this.#seen.files.get(path) ?? file)
  }

  isFolder(path: string): boolean {
    return this.#seen.folders.has(path)
  }

  /** All files below a folder, by path. */
  filesBelow(folder: string): readonly string[] {
    return [...this.#seen.files.keys()].filter((name) => name.startsWith(`${folder}/`))
  }

  create(path: string): FileId {
    this.#requireFree(path)
    const file = this.#nextFile
    this.apply({ kind: 'name', path, file })
    return file
  }

  /** With the folders above it; gives the first that was made. */
  mkdir(path: string): string | undefined {
    const missing: string[] = []
    for (let folder = path; !this.#seen.folders.has(folder); folder = dirname(folder)) {
      missing.unshift(folder)
    }
    for (const folder of missing) this.apply({ kind: 'mkdir', path: folder })
    return missing[0]
  }

  link(from: string, to: string): void {
    const file = this.find(from)
    this.#requireFree(to)
    this.apply({ kind: 'name', path: to, file })
  }

  unlink(path: string): void {
    this.find(path)
    this.apply({ kind: 'unname', path })
  }

  /** Does what was done on an equal disk; without asking whether it may be done. */
  apply(operation: Operation): void {
    switch (operation.kind) {
      case 'mkdir':
      case 'name':
      case 'unname':
        this.#change(operation)
        break
      case 'write': {
        const contents = this.contents(operation.file)
        const { all } = contents
        contents.all = all.length === 0 ? operation.bytes : Buffer.concat([all, operation.bytes])
        break
      }
      case 'sync-file': {
        const contents = this.contents(operation.file)
        contents.syncedBytes = contents.all.length
        break
      }
      case 'sync-folder':
        this.#syncFolder(operation.path)
    }
    this.#onOperation(operation)
  }

  /** Durably, behind the back of everyone who writes. */
  overwrite(file: FileId, at: number, bytes: Uint8Array): void {
    const contents = this.contents(file)
    const changed = new Uint8Array(contents.all)
    changed.set(bytes, at)
    contents.all = changed
  }

  /** What is left is all there is, and it lasts. */
  restart({ files, folders }: Names): void {
    this.#seen = { files, folders }
    this.#lasting = copied(this.#seen)
    this.#undecided = []
  }

  #change(change: NameChange): void {
    if (change.kind === 'name' && !this.#contents.has(change.file)) {
      this.#contents.set(change.file, { all: new Uint8Array(0), syncedBytes: 0 })
      this.#nextFile = change.file + 1
    }
    changeNames(this.#seen, change)
    this.#undecided.push(change)
  }

  #syncFolder(folder: string): void {
    const left: NameChange[] = []
    for (const change of this.#undecided) {
      if (dirname(change.path) === folder) changeNames(this.#lasting, change)
      else left.push(change)
    }
    this.#undecided = left
  }

  #requireFree(path: string): void {
    if (!this.isFolder(dirname(path))) throw systemError('ENOENT', path)
    if (this.#seen.files.has(path) || this.isFolder(path)) throw systemError('EEXIST', path)
  }
}

export function changeNames({ files, folders }: Names, change: NameChange): void {
  if (change.kind === 'mkdir') folders.add(change.path)
  else if (change.kind === 'name') files.set(change.path, change.file)
  else files.delete(change.path)
}

export function copied({ files, folders }: Names): Names {
  return { files: new Map(files), folders: new Set(folders) }
}

export function systemError(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code })
}
