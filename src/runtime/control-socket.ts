/**
 * Where the control socket lies and how it comes to be there: in the job's folder, or, if that
 * path is too long for a socket or its file system has none, in a private folder for temporary
 * files. It is bound out of sight and moved into place with mode 0600, so there is no moment at
 * which others could connect.
 */
import { createHash } from 'node:crypto'
import { chmod, mkdtemp, rename, rm } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import type { Clock } from '../util/clock.ts'

/** Linux has room for 107 bytes, macOS for 103. */
const socketPathBytesMax = 100
const temporaryPrefix = 'millrace-control-'

/** Binds `server` for the job of this folder; resolves to the path or pipe to connect to. */
export async function bindControlSocket(
  server: Server,
  folder: string,
  claim: string,
): Promise<string> {
  if (process.platform === 'win32') {
    const hash = createHash('sha256').update(folder).digest('hex').slice(0, 16)
    const pipe = String.raw`\\.\pipe\millrace-${hash}-${claim}`
    await listen(server, pipe)
    return pipe
  }
  const wanted = join(folder, 'control.sock')
  if (Buffer.byteLength(join(folder, '.control-XXXXXX', 's')) <= socketPathBytesMax) {
    const bound = await bindInside(server, await mkdtemp(join(folder, '.control-')), wanted).catch(
      (error: unknown) => ifNoSockets(error),
    )
    if (bound) return wanted
  }
  const privateFolder = await mkdtemp(join(tmpdir(), temporaryPrefix))
  const path = join(privateFolder, 's')
  await listen(server, path)
  await chmod(path, 0o600)
  return path
}

/** Removes a socket that nobody listens to any more; never throws. */
export async function removeControlSocket(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = dirname(path)
  const isOurs = basename(folder).startsWith(temporaryPrefix) && dirname(folder) === tmpdir()
  await rm(isOurs ? folder : path, { force: true, recursive: isOurs }).catch(() => undefined)
}

/**
 * Whether somebody lives behind a socket: `answers`; `absent`, or going away while we waited;
 * `silent` when it can be connected to and says nothing for so long (it is stopped or very busy).
 */
export function probeSocket(
  path: string,
  timeoutMs: number,
  clock: Clock,
): Promise<'answers' | 'silent' | 'absent'> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const settle = (found: 'answers' | 'silent' | 'absent'): void => {
      timer.cancel()
      socket.destroy()
      resolve(found)
    }
    const timer = clock.setTimer(timeoutMs, () => settle('silent'))
    socket.once('connect', () => socket.write('{"id":0,"method":"status"}\n'))
    socket.once('data', () => settle('answers'))
    socket.once('close', () => settle('absent'))
    // "The queue is full" (EAGAIN) comes from somebody who lives.
    socket.once('error', (error: NodeJS.ErrnoException) => {
      settle(error.code === 'EAGAIN' ? 'silent' : 'absent')
    })
  })
}

/** In a folder that only we may enter; then the socket itself is closed to others, and moved. */
async function bindInside(server: Server, privateFolder: string, wanted: string): Promise<true> {
  try {
    const hidden = join(privateFolder, 's')
    await listen(server, hidden)
    await chmod(hidden, 0o600)
    await rename(hidden, wanted)
    return true
  } finally {
    await rm(privateFolder, { force: true, recursive: true })
  }
}

/** Some network and container file systems cannot hold sockets; other errors go on. */
function ifNoSockets(error: unknown): false {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EOPNOTSUPP' || code === 'ENOTSUP' || code === 'EPERM' || code === 'EINVAL')
    return false
  throw error
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      server.removeListener('error', reject)
      resolve()
    })
  })
}
