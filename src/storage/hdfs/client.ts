/**
 * The operations of WebHDFS that a store needs, each repeated where that helps, at the NameNode
 * that is active.
 *
 * Data goes to and comes from DataNodes, by the address that the NameNode names. In the URLs there
 * may be a token, so that none of them is ever in an error.
 */
import type { Buffer } from 'node:buffer'
import { required } from '../../util/assert.ts'
import { authorityIn } from '../remote/authority.ts'
import { type HttpAnswer, HttpClient } from '../remote/http.ts'
import type { Attempt, Retries } from '../remote/retries.ts'
import { readTokenFile } from '../remote/token.ts'
import { DELEGATION_TOKEN } from './configuration.ts'
import { HdfsFailure, isOfAnotherNameNode, judgeHdfs } from './errors.ts'
import type { HdfsPlace } from './place.ts'

export interface FileStatus {
  /** Relative to what was asked for. */
  readonly pathSuffix: string
  readonly type: 'FILE' | 'DIRECTORY'
  readonly length: number
  /** Of the file itself, whatever it is called; never used again. */
  readonly fileId: number
}

interface Request {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  readonly operation: string
  /** Below the store's folder. */
  readonly name: string
  /** For messages. */
  readonly action: string
  readonly parameters?: Readonly<Record<string, string | number | boolean>>
}

/** What is used of the answers of all operations. */
interface Told {
  readonly boolean?: boolean
  readonly Location?: string
  readonly FileStatus?: FileStatus
  readonly FileStatuses?: { readonly FileStatus: readonly FileStatus[] }
}

export class HdfsClient {
  readonly place: HdfsPlace
  readonly #http: HttpClient
  readonly #retries: Retries
  /** Of the NameNode that answered last. */
  #active = 0

  constructor(place: HdfsPlace, retries: Retries) {
    this.place = place
    this.#http = new HttpClient(authorityIn(place.authorityFile))
    this.#retries = retries
  }

  /** Operations asked for so far; some take two requests. */
  get operations(): number {
    return this.#retries.attempts
  }

  async status(name: string): Promise<FileStatus> {
    const request = { method: 'GET', operation: 'GETFILESTATUS', name, action: 'look up' } as const
    return required((await this.#ask(request)).FileStatus, 'a file has a status')
  }

  /** What is in a folder. */
  async list(name: string): Promise<readonly FileStatus[]> {
    const request = { method: 'GET', operation: 'LISTSTATUS', name, action: 'list' } as const
    return (await this.#ask(request)).FileStatuses?.FileStatus ?? []
  }

  /** False if the target exists or the source does not: perhaps because it was done before. */
  async rename(name: string, target: string): Promise<boolean> {
    const parameters = { destination: `${this.place.folder}/${target}` }
    const request = {
      method: 'PUT',
      operation: 'RENAME',
      name,
      action: 'publish',
      parameters,
    } as const
    return (await this.#ask(request)).boolean === true
  }

  /** Joins files of one folder; the others are gone then. */
  async concat(name: string, others: readonly string[]): Promise<void> {
    const sources = others.map((other) => `${this.place.folder}/${other}`).join(',')
    const parameters = { sources }
    const request = {
      method: 'POST',
      operation: 'CONCAT',
      name,
      action: 'join',
      parameters,
    } as const
    await this.#ask(request)
  }

  async delete(name: string): Promise<void> {
    const parameters = { recursive: false }
    await this.#ask({ method: 'DELETE', operation: 'DELETE', name, action: 'delete', parameters })
  }

  /** Reads up to so many bytes; fewer at the end of the file. */
  read(name: string, offsetBytes: number, lengthBytes: number | undefined): Promise<Buffer> {
    const parameters = {
      offset: offsetBytes,
      noredirect: true,
      ...(lengthBytes === undefined ? {} : { length: lengthBytes }),
    }
    const request = { method: 'GET', operation: 'OPEN', name, action: 'read', parameters } as const
    return this.#attempts(request, 0, async (attempt) => {
      const url = await this.#dataUrl(request, attempt)
      return succeeded(await this.#http.exchange('GET', url, attempt)).body
    })
  }

  /** One attempt to write a file that is not there. */
  async write(name: string, bytes: Uint8Array, attempt: Attempt): Promise<void> {
    const parameters = { overwrite: false, noredirect: true }
    const request = {
      method: 'PUT',
      operation: 'CREATE',
      name,
      action: 'write',
      parameters,
    } as const
    const url = await this.#dataUrl(request, attempt)
    succeeded(await this.#http.exchange('PUT', url, attempt, bytes))
  }

  /** Repeats what `body` does, for messages about the blob `name`. */
  attempts<T>(name: string, sentBytes: number, body: (attempt: Attempt) => Promise<T>): Promise<T> {
    return this.#attempts({ action: 'write', name }, sentBytes, body)
  }

  close(): void {
    this.#retries.close()
    this.#http.close()
  }

  #ask(request: Request): Promise<Told> {
    return this.#attempts(request, 0, async (attempt) => {
      return told(await this.#atNameNode(request, attempt))
    })
  }

  /** Where the NameNode sends us for data. */
  async #dataUrl(request: Request, attempt: Attempt): Promise<URL> {
    const answer = await this.#atNameNode(request, attempt)
    // Servers of before noredirect redirect.
    const location = answer.location ?? told(answer).Location
    return new URL(required(location, 'the NameNode names a DataNode'))
  }

  async #atNameNode(request: Request, attempt: Attempt): Promise<HttpAnswer> {
    const { method, operation, name, parameters = {} } = request
    const { nameNodes, folder, tokenFile, user } = this.place
    const index = this.#active
    const url = new URL(`${nameNodes[index] ?? ''}/webhdfs/v1${folder}/${name}`.replace(/\/$/, ''))
    url.searchParams.set('op', operation)
    if (tokenFile === undefined) url.searchParams.set('user.name', user)
    // Read anew each time: who renews it writes the file.
    else {
      const token = await readTokenFile(tokenFile, DELEGATION_TOKEN)
      url.searchParams.set('delegation', token)
    }
    for (const [key, value] of Object.entries(parameters)) url.searchParams.set(key, String(value))
    try {
      return succeeded(await this.#http.exchange(method, url, attempt))
    } catch (error) {
      const isSilent = attempt.signal.aborted || isOfAnotherNameNode(error)
      if (isSilent && this.#active === index) this.#active = (index + 1) % nameNodes.length
      throw error
    }
  }

  #attempts<T>(
    { action, name }: Pick<Request, 'action' | 'name'>,
    sentBytes: number,
    body: (attempt: Attempt) => Promise<T>,
  ): Promise<T> {
    const what = `${action} ${name === '' ? '' : `${name} `}of ${this.place.location}`
    return this.#retries.run(what, sentBytes, body, (error) => judgeHdfs(error, what, name))
  }
}

function succeeded(answer: HttpAnswer): HttpAnswer {
  const { status } = answer
  if ((status >= 200 && status < 300) || status === 307) return answer
  throw new HdfsFailure(answer)
}

/** Throws like a broken connection if the text is none of WebHDFS. */
function told({ body }: HttpAnswer): Told {
  if (body.length === 0) return {}
  try {
    // The operations answer as is declared; what is missing is asserted where it is used.
    return JSON.parse(body.toString('utf8')) as Told
  } catch {
    throw Object.assign(new Error('the answer is not that of WebHDFS'), {
      code: 'HPE_INVALID_CONSTANT',
    })
  }
}
