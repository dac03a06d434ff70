/**
 * The helper thread's part of a remote store: takes requests in order and answers each. Writes are
 * answered when the server has them, and nobody waits for that: a read sees what is still to be
 * written. After a failed write nothing can be said any more: every later request fails as it did.
 */
import type { Buffer } from 'node:buffer'
import { errorToData } from '../../errors.ts'
import { required } from '../../util/assert.ts'
import { type Change, decodeRequest, encodeAnswer, type Request } from './frames.ts'
import type { RemotePut, RemoteRange, RemoteScan, RemoteTable } from './remote-table.ts'

type Values = readonly (Buffer | undefined)[]

/** Puts that may go to the server in any order, or a range. One after the other. */
interface Step {
  readonly puts: Map<string, RemotePut>
  readonly range: RemoteRange | undefined
  hasBegun: boolean
  /** Called when it is done. */
  readonly onDone: (() => void)[]
}

/** A write is not made larger than that, but begun anew. */
const PUTS_MAX = 4_096

export class RemoteServer {
  readonly #open: () => Promise<RemoteTable>
  readonly #send: (answer: Uint8Array) => void
  #table: RemoteTable | undefined
  readonly #steps: Step[] = []
  #isDraining = false
  #failure: { readonly error: unknown } | undefined

  constructor(open: () => Promise<RemoteTable>, send: (answer: Uint8Array) => void) {
    this.#open = open
    this.#send = send
  }

  /** Takes a request, and answers it sooner or later. */
  take(bytes: Uint8Array): void {
    const { id, of } = decodeRequest(bytes)
    const fail = (error: unknown): void => {
      const data = errorToData(error, 'STORAGE_FAILED')
      this.#send(encodeAnswer({ id, requests: this.#requests, values: [], error: data }))
    }
    this.#answerTo(of).then((values) => {
      this.#send(encodeAnswer({ id, requests: this.#requests, values }))
    }, fail)
  }

  get #requests(): number {
    return this.#table?.requests ?? 0
  }

  async #answerTo(request: Request): Promise<Values> {
    if (request.kind === 'close') return await this.#close()
    if (this.#failure !== undefined) throw this.#failure.error
    switch (request.kind) {
      case 'open':
        this.#table = await this.#open()
        return []
      case 'get':
        return await this.#get(request.keys)
      case 'scan':
        return await this.#scan(request.scan)
      case 'write':
        await this.#write(request.changes)
        return []
    }
  }

  /** What is on its way is taken from there; whoever asks waits, so nothing comes in between. */
  async #get(keys: readonly Buffer[]): Promise<Values> {
    if (this.#steps.some(({ range }) => range !== undefined)) await this.#written()
    const values: (Buffer | undefined)[] = []
    const asked: { readonly key: Buffer; readonly at: number }[] = []
    for (const [at, key] of keys.entries()) {
      const text = key.toString('latin1')
      const put = this.#steps.findLast(({ puts }) => puts.has(text))?.puts.get(text)
      values.push(put?.value)
      if (put === undefined) asked.push({ key, at })
    }
    if (asked.length === 0) return values
    const found = await this.#opened.getMany(asked.map(({ key }) => key))
    for (const [index, { at }] of asked.entries()) values[at] = found[index]
    return values
  }

  async #scan(scan: RemoteScan): Promise<Values> {
    await this.#written()
    return await this.#opened.scan(scan)
  }

  async #write(changes: readonly Change[]): Promise<void> {
    for (const { key, value, upper } of changes) {
      if (upper !== undefined) this.#step({ lower: key, upper })
      else this.#putting().puts.set(key.toString('latin1'), { key, value })
    }
    await this.#written()
  }

  /** The last step, if puts may still be added to it. */
  #putting(): Step {
    const last = this.#steps.at(-1)
    const isFit = last?.hasBegun === false && last.range === undefined && last.puts.size < PUTS_MAX
    return isFit ? last : this.#step(undefined)
  }

  #step(range: RemoteRange | undefined): Step {
    const step: Step = { puts: new Map(), range, hasBegun: false, onDone: [] }
    this.#steps.push(step)
    return step
  }

  /** Resolves when the server has all that was written so far; rejects if it will not. */
  #written(): Promise<void> {
    const last = this.#steps.at(-1)
    if (last === undefined) return Promise.resolve()
    return new Promise((resolve, reject) => {
      last.onDone.push(() => {
        if (this.#failure === undefined) resolve()
        else reject(this.#failure.error)
      })
      if (this.#isDraining) return
      this.#isDraining = true
      void this.#drain()
    })
  }

  async #drain(): Promise<void> {
    for (let step = this.#steps[0]; step !== undefined; step = this.#steps[0]) {
      step.hasBegun = true
      try {
        if (this.#failure === undefined) await this.#do(step)
      } catch (error) {
        this.#failure = { error }
      }
      this.#steps.shift()
      for (const done of step.onDone) done()
    }
    this.#isDraining = false
  }

  async #do({ puts, range }: Step): Promise<void> {
    if (range === undefined) await this.#opened.write([...puts.values()])
    else await this.#opened.deleteRange(range)
  }

  /** What it holds is of no use to anybody, so it goes; else others find it by its age. */
  async #close(): Promise<Values> {
    const table = this.#table
    if (table === undefined) return []
    await this.#written().catch(() => undefined)
    try {
      await table.drop()
    } finally {
      await table.close()
    }
    return []
  }

  get #opened(): RemoteTable {
    return required(this.#table, 'the remote table is open')
  }
}
