/**
 * Scratch files in memory, for tests and the simulator: nothing outlives the attempt there either.
 */
import { assert } from '../util/assert.ts'
import { ByteWriter } from '../util/bytes.ts'
import { checkBlobName } from './blob-name.ts'
import { readRange } from './range.ts'
import type { Scratch, ScratchFile } from './scratch.ts'

export class MemoryScratch implements Scratch {
  readonly directory: string
  readonly #files = new Map<string, MemoryScratchFile>()
  #closed = false

  constructor(directory = 'memory') {
    this.directory = directory
  }

  /** Bytes in all files: for tests that bound what is spilled. */
  get lengthBytes(): number {
    let bytes = 0
    for (const file of this.#files.values()) bytes += file.lengthBytes
    return bytes
  }

  create(name: string): ScratchFile {
    checkBlobName(name)
    assert(!name.includes('/'), `a scratch file lies in the folder itself: ${name}`)
    assert(!this.#closed, 'the scratch folder is closed')
    assert(!this.#files.has(name), `the scratch file ${name} exists`)
    const file = new MemoryScratchFile(() => this.#files.delete(name))
    this.#files.set(name, file)
    return file
  }

  close(): void {
    this.#closed = true
    for (const file of this.#files.values()) file.delete()
  }
}

class MemoryScratchFile implements ScratchFile {
  #content: ByteWriter | undefined = new ByteWriter(1024)
  readonly #deleted: () => void

  constructor(deleted: () => void) {
    this.#deleted = deleted
  }

  get lengthBytes(): number {
    return this.#content?.length ?? 0
  }

  append(bytes: Uint8Array): void {
    assert(this.#content !== undefined, 'append to a scratch file that is deleted')
    this.#content.raw(bytes)
  }

  read(offsetBytes: number, lengthBytes: number): Uint8Array {
    assert(this.#content !== undefined, 'read of a scratch file that is deleted')
    const content = this.#content.view()
    readRange('scratch memory', 'file', content.length, offsetBytes, lengthBytes)
    return new Uint8Array(content.subarray(offsetBytes, offsetBytes + lengthBytes))
  }

  delete(): void {
    this.#content = undefined
    this.#deleted()
  }
}
