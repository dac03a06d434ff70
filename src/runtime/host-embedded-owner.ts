/**
 * Watches the process that has claimed a job's folder: a connection to its control socket is held
 * open, and when that closes the process is looked at. So a standby on the same machine knows at
 * once that the leader was killed. A process that is merely stopped keeps its connections.
 */
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import type { Clock } from '../util/clock.ts'
import { type ControlFile, parseControlFile } from './control-protocol.ts'
import type { FolderOwner } from './host.ts'
import { CONTROL_FILE_NAME } from './job-claim.ts'
import { isProcessAlive } from './process-identity.ts'

/** A process that was just killed may still be seen for a moment. */
const POLL_MS = 10
/** Sooner than the server hangs up on a connection that asks nothing. */
const ASK_EVERY_MS = 20_000

/** The owner of a job's folder, if it is a process of this machine. */
export async function watchOwner(
  directory: string,
  jobName: string,
  clock: Clock,
): Promise<FolderOwner | undefined> {
  const path = join(resolve(directory, jobName), CONTROL_FILE_NAME)
  const file = await readControlFile(path)
  return file === undefined || file.host !== hostname() ? undefined : new Owner(path, file, clock)
}

async function readControlFile(path: string): Promise<ControlFile | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return parseControlFile(text)
}

class Owner implements FolderOwner {
  readonly claim: string
  isGone = false
  readonly gone: Promise<void>
  readonly #path: string
  readonly #clock: Clock
  readonly #closing = new AbortController()

  constructor(path: string, file: ControlFile, clock: Clock) {
    this.#path = path
    this.#clock = clock
    this.claim = file.claim
    this.gone = this.#watch(file)
  }

  close(): void {
    this.#closing.abort()
  }

  async #watch(first: ControlFile): Promise<void> {
    const { signal } = this.#closing
    let file: ControlFile | undefined = first
    while (!signal.aborted && isOwner(file, this.claim)) {
      // The socket's place is empty until it is open.
      if (file.socket !== '') await this.#untilClosed(file.socket)
      await this.#clock.sleep(POLL_MS, signal)
      file = await readControlFile(this.#path)
    }
    if (signal.aborted) return new Promise(() => undefined)
    this.isGone = true
  }

  /** Holds a connection until it is closed, or cannot be made. */
  #untilClosed(path: string): Promise<void> {
    return new Promise((resolveClosed) => {
      const { signal } = this.#closing
      const socket = connect(path)
      const ask = (): void => {
        socket.write('{"id":0,"method":"status"}\n')
        timer = this.#clock.setTimer(ASK_EVERY_MS, ask)
      }
      const onAbort = (): void => void socket.destroy()
      let timer = this.#clock.setTimer(ASK_EVERY_MS, ask)
      signal.addEventListener('abort', onAbort, { once: true })
      socket.on('data', () => undefined)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        timer.cancel()
        signal.removeEventListener('abort', onAbort)
        resolveClosed()
      })
    })
  }
}

/**
 * True while the claim is that of the file, and its process lives. Where that cannot be known
 * nobody is said to be gone: then the end of the lease decides.
 */
function isOwner(file: ControlFile | undefined, claim: string): file is ControlFile {
  if (file?.claim !== claim) return false
  return file.processStart === undefined || isProcessAlive(file.pid, file.processStart)
}
