// A server as a process of its own, which is started, killed and started again on the same data.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const LOG_CHARACTERS_MAX = 20_000
const JVM = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Djava.net.preferIPv4Stack=true']

/** Ports of this machine that nobody uses now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports: number[] = []
  for (const server of servers) {
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const address = server.address()
    if (address !== null && typeof address === 'object') ports.push(address.port)
  }
  for (const server of servers) server.close()
  return ports
}

export class JavaServer {
  readonly #args: readonly string[]
  readonly #isReady: (log: string) => Promise<boolean>
  readonly #sweep: () => void
  readonly #folder = mkdtempSync(join(tmpdir(), 'millrace-server-'))
  readonly #output = join(this.#folder, 'output')
  #child: ChildProcess | undefined

  /**
   * @param args of `java`
   * @param isReady asked again and again, with what the server has printed.
   * @param sweep takes away what a kill leaves of this server that the real one would not leave.
   */
  constructor(
    args: readonly string[],
    isReady: (log: string) => Promise<boolean>,
    sweep: () => void = () => undefined,
  ) {
    this.#args = [...JVM, ...args]
    this.#isReady = isReady
    this.#sweep = sweep
    process.once('exit', () => {
      this.#child?.kill('SIGKILL')
      rmSync(this.#folder, { recursive: true, force: true })
    })
  }

  /** The end of what the server has printed. */
  get #log(): string {
    return readFileSync(this.#output, 'utf8').slice(-LOG_CHARACTERS_MAX)
  }

  /** Resolves when the server answers. */
  async start(signal?: AbortSignal): Promise<void> {
    // Into a file: of a pipe that this thread does not read while it waits the server would wait.
    const output = openSync(this.#output, 'w')
    const child = spawn('java', this.#args, { stdio: ['ignore', output, output] })
    closeSync(output)
    this.#child = child
    let failure: Error | undefined
    child.on('error', (error) => (failure = error))
    while (!(await this.#isReady(this.#log))) {
      if (failure !== undefined) throw failure
      if (child.exitCode !== null) throw new Error(`the server ended:\n${this.#log}`)
      if (signal?.aborted === true) {
        await this.kill()
        throw new Error(`the server was not ready in time:\n${this.#log}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    // Tests end, and this with them, whatever the server says.
    child.unref()
  }

  /** As a loss of power would. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.ref()
    child.kill('SIGKILL')
    await ended
    this.#sweep()
  }
}

/** Whether somebody listens there. */
export function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const end = (is: boolean) => () => {
      socket.destroy()
      resolve(is)
    }
    socket.on('connect', end(true)).on('error', end(false))
  })
}
