/**
 * One blob on its way to its name in a folder; the order of steps is that of `local.ts`.
 */
import { MillraceError } from '../errors.ts'
import { assert } from '../util/assert.ts'
import type { BlobWriter } from './blob-store.ts'
import { storageError, systemCode } from './local-errors.ts'
import type { FileOperations, OpenFile } from './local-files.ts'

/** What a writer needs of its store. */
export interface Publish {
  readonly name: string
  readonly path: string
  readonly temporary: string
  readonly system: FileOperations
  readonly trace: (verb: string, target?: string) => void
  readonly at: (point: string) => Promise<void>
  readonly syncFolder: () => Promise<void>
  readonly ended: () => void
}

export class LocalWriter implements BlobWriter {
  readonly #file: OpenFile
  readonly #publish: Publish
  #state: 'open' | 'failed' | 'closed' | 'aborted' = 'open'
  #linked = false

  constructor(file: OpenFile, publish: Publish) {
    this.#file = file
    this.#publish = publish
  }

  /** Whether others may see the blob, be it durable or not. */
  get linked(): boolean {
    return this.#linked
  }

  async write(chunk: Uint8Array): Promise<void> {
    assert(this.#state === 'open', 'write to a blob that is closed or failed')
    const { name, path, trace } = this.#publish
    trace('write', `${name}.tmp ${chunk.length}`)
    try {
      let written = 0
      while (written < chunk.length) {
        written += (await this.#file.write(chunk, written, chunk.length - written)).bytesWritten
      }
    } catch (cause) {
      this.#state = 'failed'
      await this.#file.close().catch(() => undefined)
      throw storageError('write', path, cause)
    }
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return
    assert(this.#state === 'open', 'close of a blob that failed or was thrown away')
    // After a failed sync nobody knows what is on disk: never try again, only throw away.
    this.#state = 'failed'
    const { name, path, temporary, system, trace, at, syncFolder, ended } = this.#publish
    try {
      await at('blob-written')
      trace('fsync', `${name}.tmp`)
      await this.#file.sync()
      await this.#file.close()
      await at('blob-synced')
      trace('link', `${name}.tmp ${name}`)
      await system.link(temporary, path)
      this.#linked = true
      await at('blob-linked')
      trace('unlink', `${name}.tmp`)
      // A successor may have cleaned it away by now.
      await system.unlink(temporary).catch((error: unknown) => {
        if (systemCode(error) !== 'ENOENT') throw error
      })
      ended()
      await syncFolder()
      this.#state = 'closed'
    } catch (cause) {
      await this.#file.close().catch(() => undefined)
      if (systemCode(cause) !== 'EEXIST') throw storageError('publish', path, cause)
      throw new MillraceError('STORAGE_CONFLICT', `${path} exists already`, {
        cause,
        details: { file: name },
      })
    }
  }

  async abort(): Promise<void> {
    if (this.#state === 'closed' || this.#state === 'aborted') return
    this.#state = 'aborted'
    const { name, path, temporary, system, trace, ended } = this.#publish
    await this.#file.close().catch(() => undefined)
    trace('unlink', `${name}.tmp`)
    await system.unlink(temporary).catch(() => undefined)
    if (this.#linked) {
      trace('unlink')
      await system.unlink(path).catch(() => undefined)
    }
    ended()
  }
}
