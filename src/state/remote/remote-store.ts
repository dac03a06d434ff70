/**
 * A cold store on a server: the task's thread asks a helper thread and waits, since whoever reads
 * state does so in the middle of a record. Writes are handed over and not waited for, as long as
 * not too much is on its way. Errors of those show at the next call: nothing in the store is of use
 * then, and the attempt ends.
 */
import type { Buffer } from 'node:buffer'
import { errorFromData, MillraceError } from '../../errors.ts'
import { ByteWriter } from '../../util/bytes.ts'
import type { ColdBatch, ColdStore } from '../cold-store.ts'
import {
  type Answer,
  decodeAnswer,
  encodeGet,
  encodePlain,
  encodeScan,
  encodeWrite,
} from './frames.ts'
import type { HelperPort } from './helper-port.ts'
import { WrittenKeys } from './written-keys.ts'

export interface RemoteStoreOptions {
  /** Called now and then while it waits: the thread does not answer, but it lives. */
  readonly alive?: () => void
  /** No answer takes longer: the helper thread gives up before that. */
  readonly silenceMsMax: number
}

const WAIT_MS = 200
/** Of writes that are not answered yet. */
const BACKLOG_BYTES_MAX = 8 << 20

export class RemoteStore implements ColdStore {
  readonly #port: HelperPort
  readonly #options: RemoteStoreOptions
  readonly #out = new ByteWriter(4096)
  readonly #written = new WrittenKeys()
  /** Writes that are not answered: how long they are. */
  readonly #underWay = new Map<number, number>()
  #backlogBytes = 0
  #ids = 0
  #requests = 0
  #failure: MillraceError | undefined
  #closing: Promise<void> | undefined

  private constructor(port: HelperPort, options: RemoteStoreOptions) {
    this.#port = port
    this.#options = options
  }

  /** Opens an empty one. Throws what the table's module throws. */
  static async open(port: HelperPort, options: RemoteStoreOptions): Promise<RemoteStore> {
    const store = new RemoteStore(port, options)
    try {
      await store.#ask('open')
      return store
    } catch (error) {
      await port.close()
      throw error
    }
  }

  /** Requests that the helper thread has sent to the server. */
  get requests(): number {
    return this.#requests
  }

  getMany(keys: readonly Buffer[]): readonly (Buffer | undefined)[] {
    this.#expectUsable()
    const asked = keys.filter((key) => this.#written.has(key))
    if (asked.length === 0) return keys.map(() => undefined)
    const id = this.#nextId()
    encodeGet(this.#out, id, asked)
    const found = this.#answerTo(id).values
    if (asked.length === keys.length) return found
    let next = 0
    return keys.map((key) => (key === asked[next] ? found[next++] : undefined))
  }

  scan(lower: Buffer, upper: Buffer, limit: number): readonly Buffer[] {
    return this.#scan(lower, upper, limit, false)
  }

  scanDown(lower: Buffer, upper: Buffer, limit: number): readonly Buffer[] {
    return this.#scan(lower, upper, limit, true)
  }

  write(batch: ColdBatch): void {
    this.#expectUsable()
    if (batch.length === 0) return
    for (const [index, key] of batch.keys.entries()) {
      if (batch.values[index] !== undefined) this.#written.add(key)
    }
    const id = this.#nextId()
    encodeWrite(this.#out, id, batch)
    this.#underWay.set(id, this.#out.length)
    this.#backlogBytes += this.#out.length
    this.#post()
    this.#takeAnswers(() => this.#backlogBytes <= BACKLOG_BYTES_MAX)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  #scan(lower: Buffer, upper: Buffer, limit: number, isDown: boolean): readonly Buffer[] {
    this.#expectUsable()
    const id = this.#nextId()
    encodeScan(this.#out, id, { lower, upper, limit, isDown })
    const { values } = this.#answerTo(id)
    return values.filter((value) => value !== undefined)
  }

  #nextId(): number {
    this.#ids = (this.#ids + 1) >>> 0
    return this.#ids
  }

  #post(): void {
    this.#port.post(this.#out.copy())
  }

  #answerTo(id: number): Answer {
    this.#post()
    let found: Answer | undefined
    this.#takeAnswers((answer) => {
      if (answer?.id === id) found = answer
      return found !== undefined
    })
    if (found === undefined) throw silent()
    if (found.error !== undefined) throw this.#failed(found)
    return found
  }

  /** Waits until `isEnough` says so, which is asked at first and after each answer. */
  #takeAnswers(isEnough: (answer: Answer | undefined) => boolean): void {
    let waitedMs = 0
    for (let is = isEnough(undefined); !is;) {
      const bytes = this.#port.receive()
      if (bytes !== undefined) {
        const answer = this.#heed(decodeAnswer(bytes))
        is = isEnough(answer)
        waitedMs = 0
        continue
      }
      if (this.#failure !== undefined) throw this.#failure
      if (waitedMs >= this.#options.silenceMsMax) throw silent()
      this.#port.wait(WAIT_MS)
      this.#options.alive?.()
      waitedMs += WAIT_MS
    }
  }

  #heed(answer: Answer): Answer {
    this.#requests = answer.requests
    const bytes = this.#underWay.get(answer.id)
    if (bytes === undefined) return answer
    this.#underWay.delete(answer.id)
    this.#backlogBytes -= bytes
    if (answer.error !== undefined) this.#failed(answer)
    return answer
  }

  #failed({ error }: Answer): MillraceError {
    this.#failure ??= error === undefined ? silent() : errorFromData(error)
    return this.#failure
  }

  async #close(): Promise<void> {
    try {
      await this.#ask('close')
    } finally {
      await this.#port.close()
    }
  }

  /** For what may take long: the thread does other things meanwhile. */
  async #ask(kind: 'open' | 'close'): Promise<void> {
    const id = this.#nextId()
    encodePlain(this.#out, id, kind)
    this.#post()
    for (;;) {
      const arrives = this.#port.arrives()
      for (let bytes = this.#port.receive(); bytes !== undefined; bytes = this.#port.receive()) {
        const answer = this.#heed(decodeAnswer(bytes))
        if (answer.id !== id) continue
        if (answer.error !== undefined) throw this.#failed(answer)
        return
      }
      await arrives
    }
  }

  #expectUsable(): void {
    if (this.#closing !== undefined) {
      throw new MillraceError('STATE_CLOSED', 'the remote store was used after it was closed')
    }
    if (this.#failure !== undefined) throw this.#failure
  }
}

function silent(): MillraceError {
  return new MillraceError('STORAGE_FAILED', 'the helper thread of the remote store is silent', {
    cure: 'the job goes on from its last checkpoint; if it comes again, see the log of the server',
  })
}
