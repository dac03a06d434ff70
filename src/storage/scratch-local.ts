/**
 * Scratch files in a real folder: synchronous, never synced, deleted with the attempt. What an
 * earlier attempt left in the folder is deleted first.
 */
import { Buffer } from 'node:buffer'
import { closeSync, mkdirSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { assert } from '../util/assert.ts'
import { checkBlobName } from './blob-name.ts'
import { storageError } from './local-errors.ts'
import { readRange } from './range.ts'
import type { Scratch, ScratchFile } from './scratch.ts'

export class LocalScratch implements Scratch {
  readonly directory: string
  readonly #files = new Set<LocalScratchFile>()
  #closed = false

  /** Empties and creates the folder. Throws `STORAGE_FAILED`. */
  constructor(directory: string) {
    this.directory = resolve(directory)
    try {
      rmSync(this.directory, { recursive: true, force: true })
      mkdirSync(this.directory, { recursive: true })
    } catch (cause) {
      throw storageError('create', this.directory, cause)
    }
  }

  create(name: string): ScratchFile {
    checkBlobName(name)
    assert(!name.includes('/'), `a scratch file lies in the folder itself: ${name}`)
    assert(!this.#closed, 'the scratch folder is closed')
    const file = new LocalScratchFile(join(this.directory, name), this.#files)
    this.#files.add(file)
    return file
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const file of this.#files) file.delete()
    try {
      rmSync(this.directory, { recursive: true, force: true })
    } catch (cause) {
      throw storageError('delete', this.directory, cause)
    }
  }
}

class LocalScratchFile implements ScratchFile {
  lengthBytes = 0
  readonly #path: string
  readonly #siblings: Set<LocalScratchFile>
  #descriptor: number | undefined

  constructor(path: string, siblings: Set<LocalScratchFile>) {
    this.#path = path
    this.#siblings = siblings
    try {
      this.#descriptor = openSync(path, 'wx+')
    } catch (cause) {
      throw storageError('create', path, cause)
    }
  }

  append(bytes: Uint8Array): void {
    assert(this.#descriptor !== undefined, 'append to a scratch file that is deleted')
    try {
      // By position: what a failed append left behind is written over by the next.
      let written = 0
      while (written < bytes.length) {
        const at = this.lengthBytes + written
        written += writeSync(this.#descriptor, bytes, written, bytes.length - written, at)
      }
    } catch (cause) {
      throw storageError('write', this.#path, cause)
    }
    this.lengthBytes += bytes.length
  }

  read(offsetBytes: number, lengthBytes: number): Uint8Array {
    assert(this.#descriptor !== undefined, 'read of a scratch file that is deleted')
    readRange('the scratch folder', this.#path, this.lengthBytes, offsetBytes, lengthBytes)
    const bytes = Buffer.allocUnsafeSlow(lengthBytes)
    let filled = 0
    try {
      while (filled < lengthBytes) {
        const at = offsetBytes + filled
        const count = readSync(this.#descriptor, bytes, filled, lengthBytes - filled, at)
        if (count === 0) readRange('the scratch folder', this.#path, at, at, lengthBytes - filled)
        filled += count
      }
    } catch (cause) {
      throw storageError('read', this.#path, cause)
    }
    return bytes
  }

  delete(): void {
    if (this.#descriptor === undefined) return
    const descriptor = this.#descriptor
    this.#descriptor = undefined
    this.#siblings.delete(this)
    try {
      closeSync(descriptor)
      rmSync(this.#path, { force: true })
    } catch (cause) {
      throw storageError('delete', this.#path, cause)
    }
  }
}
