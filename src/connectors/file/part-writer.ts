/**
 * The writer of a file sink: streams records into hidden files and seals them at each checkpoint.
 * A checkpoint without records makes no file.
 */
import { join } from 'node:path'
import { rm } from 'node:fs/promises'
import type { CommitScope, SinkWriter, WriterContext } from '../../operators/sink.ts'
import { finalName, pendingName } from './part.ts'
import type { FilePart } from './part.ts'
import { PartFile, syncDirectory } from './part-file.ts'
import type { SealedFile } from './part-file.ts'
import { PartSealer, SEALED_BYTES_MAX } from './part-seal.ts'
import type { CheckedSinkOptions } from './sink-options.ts'

export class PartWriter<T> implements SinkWriter<T, FilePart> {
  readonly #options: CheckedSinkOptions<T>
  readonly #rollBytes: number
  #context: WriterContext
  #part: PartFile | undefined
  /** Full files of this checkpoint. */
  #sealed: SealedFile[] = []

  constructor(options: CheckedSinkOptions<T>, context: WriterContext) {
    this.#options = options
    this.#context = context
    const { rollBytes } = options
    this.#rollBytes =
      context.isEncrypted === true ? Math.min(rollBytes, SEALED_BYTES_MAX) : rollBytes
  }

  write(values: readonly T[]): void | Promise<void> {
    if (values.length === 0) return
    const { encoder } = this.#options
    let text = ''
    for (const value of values) text += `${encoder.encode(value)}\n`
    if (this.#part === undefined) return this.#writeFirst(text)
    const enough = this.#part.append(text)
    if (enough || this.#part.lengthBytes >= this.#rollBytes) return this.#flush(this.#part)
  }

  async #writeFirst(text: string): Promise<void> {
    const { directory, encoder, at } = this.#options
    const nameOf = (count: number) => pendingName(this.#context, count)
    const sealer = this.#context.isEncrypted === true ? new PartSealer() : undefined
    const part = await PartFile.create(directory, nameOf, sealer)
    this.#part = part
    await at('part-created')
    if (encoder.header !== undefined) part.append(`${encoder.header}\n`)
    const enough = part.append(text)
    if (enough || part.lengthBytes >= this.#rollBytes) await this.#flush(part)
  }

  async #flush(part: PartFile): Promise<void> {
    await part.flush()
    await this.#options.at('part-written')
    if (part.lengthBytes >= this.#rollBytes) await this.#seal(part)
  }

  async #seal(part: PartFile): Promise<void> {
    this.#sealed.push(await part.seal())
    this.#part = undefined
    await this.#options.at('part-sealed')
  }

  async prepareCommit(scope: CommitScope): Promise<readonly FilePart[]> {
    const { directory, encoder, at } = this.#options
    if (this.#part !== undefined) await this.#seal(this.#part)
    const sealed = this.#sealed
    if (sealed.length > 0) await syncDirectory(directory)
    await at('prepared')
    this.#context = { ...this.#context, scope }
    this.#sealed = []
    return sealed.map(({ name, ...file }, index) => ({
      ...file,
      directory,
      pending: name,
      final: finalName(this.#context, scope, index, encoder.extension),
    }))
  }

  /** Deletes what no checkpoint knows of. */
  async [Symbol.asyncDispose](): Promise<void> {
    const part = this.#part
    const sealed = this.#sealed
    this.#part = undefined
    this.#sealed = []
    await part?.discard()
    for (const { name } of sealed) {
      await rm(join(this.#options.directory, name), { force: true }).catch(() => undefined)
    }
  }
}
