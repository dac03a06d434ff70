// A job that is asked over HTTP, as far as an attacker can tell, and ways to send it anything.
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseControlFile } from '../../src/runtime/control-protocol.ts'
import type { HttpControl, HttpLimits } from '../../src/runtime/control/http-options.ts'
import { type Role, ROLES } from '../../src/runtime/control/requests.ts'
import type { ControlHandler } from '../../src/runtime/host.ts'
import { claimJobFolder } from '../../src/runtime/job-claim.ts'

/** Short, so that the slow attacks are soon over. */
const LIMITS: Partial<HttpLimits> = {
  headersTimeoutMs: 300,
  requestTimeoutMs: 400,
  checkEveryMs: 50,
  keepAliveMs: 300,
}
/** An attack that gets no answer is over then. */
const SILENCE_MS = 1_500

export interface Victim {
  readonly port: number
  readonly url: string
  /** Of the job. */
  readonly folder: string
  readonly tokens: Readonly<Record<Role, string>>
  /** Where savepoints may be written. */
  readonly root: string
  /** What the job was made to do since the last look. */
  takeCalls(): readonly string[]
  /** Sends bytes, and resolves to all that comes back until the connection ends. */
  send(bytes: string | Buffer): Promise<string>
  open(): Promise<Socket>
  close(): Promise<void>
}

export async function startVictim(changes: Partial<HttpControl> = {}): Promise<Victim> {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'mr-http-')))
  const folder = join(directory, 'words')
  const root = join(folder, 'savepoints')
  mkdirSync(root, { recursive: true })
  const calls: string[] = []
  const asked = (what: string) => async (given?: unknown) => {
    calls.push(given === undefined ? what : `${what} ${JSON.stringify(given)}`)
    return { what }
  }
  const http = { address: '127.0.0.1', port: 0, hosts: [], savepointRoots: [root], limits: LIMITS }
  const claim = await claimJobFolder({
    directory,
    jobName: 'words',
    id: 'victim',
    http: { ...http, ...changes },
  }).catch((error: unknown) => {
    rmSync(directory, { recursive: true })
    throw error
  })
  const job: ControlHandler = {
    status: () => ({ state: 'running' }),
    checkpoints: async () => [],
    checkpoint: asked('checkpoint'),
    savepoint: asked('savepoint'),
    stop: asked('stop'),
    cancel: asked('cancel'),
    release: asked('release'),
    erase: asked('erase'),
    handOver: asked('handover'),
  }
  claim.serve(job)
  const url = parseControlFile(readFileSync(join(folder, 'control.json'), 'utf8'))?.http ?? ''
  const port = Number(new URL(url).port)
  const tokenOf = (role: Role) => readFileSync(join(folder, `${role}.token`), 'utf8').trim()
  const open = async (): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    return socket
  }
  return {
    port,
    url,
    folder,
    root,
    // The roles are exactly these.
    tokens: Object.fromEntries(ROLES.map((role) => [role, tokenOf(role)])) as Record<Role, string>,
    takeCalls: () => calls.splice(0),
    open,
    async send(bytes) {
      const socket = await open()
      socket.write(bytes)
      return await answerOn(socket)
    },
    async close() {
      await claim.release()
      rmSync(directory, { recursive: true })
    },
  }
}

/** All that comes until the other side ends the connection, or is silent for long. */
export function answerOn(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let received = ''
    const timer = setTimeout(() => socket.destroy(), SILENCE_MS)
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => (received += chunk))
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(received)
    })
  })
}
