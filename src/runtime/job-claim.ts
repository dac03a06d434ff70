/**
 * Who owns a job's folder. `control.json` names the owner; it is linked into place, so it is there
 * whole or not at all, and only one process wins. An owner that lives refuses others; one that was
 * killed is succeeded at once. This keeps two runs from disturbing each other; that they cannot
 * corrupt anything is the fence of the manifest chain, which needs no clock and no pid.
 */
import { createHash } from 'node:crypto'
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { MillraceError, messageOf } from '../errors.ts'
import { systemCure } from '../storage/local-errors.ts'
import { type Clock, systemClock } from '../util/clock.ts'
import { VERSION } from '../util/version.ts'
import { CONTROL_FORMAT_VERSION, type ControlFile, parseControlFile } from './control-protocol.ts'
import { createControlServer } from './control-server.ts'
import { AuditLog } from './control/audit-log.ts'
import { ControlDesk, OWNER } from './control/desk.ts'
import { bindControlSocket, probeSocket, removeControlSocket } from './control-socket.ts'
import type { ClaimRequest, ControlHandler, JobClaim } from './host.ts'
import { isProcessAlive, processStartOf } from './process-identity.ts'
import { STATE_FOLDER } from './run-options.ts'

export const CONTROL_FILE_NAME = 'control.json'

/** A killed process may take this long to vanish; so long its successor waits. */
const vanishTimeoutMs = 2_000
const vanishPollMs = 50
/** Racing starts make each other try again; more rounds than this mean something else is wrong. */
const roundsMax = 20

/** Of one file; some older ones are kept. */
const AUDIT_BYTES_MAX = 8 * 1024 ** 2

/** File systems allow 255. */
const folderNameBytesMax = 200

/** What a claim is taken with. */
interface Claimant {
  readonly clock: Clock
  readonly lapsed: readonly string[]
}

/**
 * Claims the folder of a job and opens its control socket. Throw-away files of former starts are
 * deleted in the background.
 *
 * @param request its `directory` is the folder of all jobs (`.millrace`); made if it is missing.
 * @throws `JOB_OWNED` naming the living owner; `STORAGE_FAILED` if the folder cannot be written.
 */
export async function claimJobFolder(
  request: ClaimRequest,
  clock: Clock = systemClock,
): Promise<JobClaim> {
  const { directory, jobName, id: claim, lapsed = [], auditBytes, warn, onHttp } = request
  const folder = resolve(directory, requireFolderName(jobName))
  let job: ControlHandler | undefined
  const audit = new AuditLog(folder, auditBytes ?? AUDIT_BYTES_MAX)
  const desk = new ControlDesk({ clock, claim, audit, job: () => job, warn })
  const control = createControlServer({ clock, perform: (asked) => desk.perform(asked, OWNER) })
  const { server } = control
  const owner: Omit<ControlFile, 'socket'> = {
    formatVersion: CONTROL_FORMAT_VERSION,
    job: jobName,
    pid: process.pid,
    processStart: processStartOf(process.pid),
    host: hostname(),
    startedAt: clock.now(),
    version: VERSION,
    claim,
  }
  let socket = ''
  let http: { close(): void } | undefined
  try {
    await mkdir(folder, { recursive: true })
    await takeFolder(folder, { ...owner, socket: '' }, { clock, lapsed })
    socket = await bindControlSocket(server, folder, claim)
    await replaceFile(join(folder, CONTROL_FILE_NAME), { ...owner, socket })
    if (request.http !== undefined) {
      const [isTakeover, opening] = [request.isTakeover === true, { clock, folder, desk, warn }]
      const onOpen = async (url: string): Promise<void> => {
        if ((await ownerOf(folder)) !== claim) return
        await replaceFile(join(folder, CONTROL_FILE_NAME), { ...owner, socket, http: url })
        onHttp?.(url)
      }
      // The HTTP of Node takes its time to load, which jobs without it need not wait for.
      const { openHttp } = await import('./control/http-life.ts')
      http = await openHttp({ ...opening, control: request.http, isTakeover, onOpen })
    }
    const state = join(folder, STATE_FOLDER)
    void removeAllBut(state, claim)
    return {
      serve(served) {
        job = served
      },
      async release() {
        if (!server.listening) return
        control.close()
        http?.close()
        await audit.close()
        await rm(join(state, claim), { force: true, recursive: true }).catch(() => undefined)
        // Whoever succeeded us while we slept has put its own socket there.
        const isOurs = dirname(socket) !== folder || (await ownerOf(folder)) === claim
        if (isOurs) await removeControlSocket(socket)
        await removeIfOurs(folder, claim)
      },
    }
  } catch (error) {
    control.close()
    if (socket !== '') await removeControlSocket(socket)
    await removeIfOurs(folder, claim)
    if (error instanceof MillraceError) throw error
    throw new MillraceError('STORAGE_FAILED', `${folder} cannot be used: ${messageOf(error)}`, {
      cause: error,
      cure:
        systemCure(error) ??
        'check the path and its permissions, or choose another with --directory',
      details: { file: folder },
    })
  }
}

/** Throws `JOB_OWNED` if the job whose folder holds this folder of checkpoints is alive. */
export async function requireUnowned(
  checkpoints: string,
  clock: Clock = systemClock,
): Promise<void> {
  const folder = dirname(checkpoints)
  const text = await readIfThere(join(folder, CONTROL_FILE_NAME))
  if (text !== undefined) await refuseIfAlive(folder, text, { clock, lapsed: [] })
}

/** Puts our file where there is none, or one whose owner is gone. */
async function takeFolder(folder: string, owner: ControlFile, by: Claimant): Promise<void> {
  const file = join(folder, CONTROL_FILE_NAME)
  const ours = join(folder, `.${owner.claim}.json`)
  await writeFile(ours, JSON.stringify(owner), { mode: 0o600 })
  try {
    for (let round = 0; round < roundsMax; round++) {
      if (await linkIfAbsent(ours, file)) return
      const text = await readIfThere(file)
      if (text === undefined) continue
      await refuseIfAlive(folder, text, by)
      if (await succeed(folder, text, ours, by)) return
    }
  } finally {
    await rm(ours, { force: true })
  }
  throw new MillraceError('JOB_OWNED', `other processes keep claiming ${folder}`)
}

/**
 * Throws `JOB_OWNED` if the owner that `text` names lives. An owner that was killed a moment ago
 * may still be seen, even connected to, while the system clears it away: only one that answers is
 * believed at once, the others get some time to vanish.
 */
async function refuseIfAlive(
  folder: string,
  text: string,
  { clock, lapsed }: Claimant,
): Promise<void> {
  const owner = parseControlFile(text)
  if (owner !== undefined && lapsed.includes(owner.claim)) return
  // Damaged by hand or by the disk: all that is known is where its socket would be.
  const socket = owner === undefined ? join(folder, 'control.sock') : owner.socket
  const startedAtMs = clock.monotonic()
  for (;;) {
    const leftMs = vanishTimeoutMs - (clock.monotonic() - startedAtMs)
    const probeMs = Math.max(vanishPollMs, leftMs)
    const found = socket === '' ? 'absent' : await probeSocket(socket, probeMs, clock)
    if (found === 'answers') throw owned(folder, owner)
    if (found === 'absent' && !isOwnerAlive(owner)) break
    if (leftMs <= 0 || owner?.pid === process.pid) throw owned(folder, owner)
    await clock.sleep(vanishPollMs)
  }
}

/** By its pid, which means something on its own machine only. */
function isOwnerAlive(owner: ControlFile | undefined): boolean {
  if (owner === undefined || owner.host !== hostname()) return false
  return isProcessAlive(owner.pid, owner.processStart)
}

/**
 * Takes the place of a dead owner. Who may is decided by a second link, named by the file that was
 * judged: only one process gets it, and only that one replaces the file. Should it die in between,
 * it is succeeded itself in the same way. True if we are the owner now.
 */
async function succeed(
  folder: string,
  judged: string,
  ours: string,
  by: Claimant,
): Promise<boolean> {
  const file = join(folder, CONTROL_FILE_NAME)
  const gates: string[] = []
  for (let text = judged; gates.length < roundsMax;) {
    const gate = join(folder, `.after-${createHash('sha256').update(text).digest('hex')}`)
    gates.push(gate)
    if (await linkIfAbsent(ours, gate)) {
      // Somebody may have passed this gate, replaced the file and removed the gate before.
      const isOurs = (await readIfThere(file)) === judged
      if (isOurs) {
        const socket = parseControlFile(judged)?.socket ?? join(folder, 'control.sock')
        if (socket !== '') await removeControlSocket(socket)
        await rename(ours, file)
      }
      for (const passed of isOurs ? gates : [gate]) await rm(passed, { force: true })
      return isOurs
    }
    const winner = await readIfThere(gate)
    if (winner === undefined) return false
    await refuseIfAlive(folder, winner, by)
    text = winner
  }
  return false
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

async function linkIfAbsent(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

async function replaceFile(file: string, content: ControlFile): Promise<void> {
  const next = `${file}.${content.claim}`
  await writeFile(next, JSON.stringify(content), { mode: 0o600 })
  await rename(next, file)
}

async function removeIfOurs(folder: string, claim: string): Promise<void> {
  if ((await ownerOf(folder)) === claim) await rm(join(folder, CONTROL_FILE_NAME), { force: true })
}

/** The claim that holds the folder now. */
async function ownerOf(folder: string): Promise<string | undefined> {
  const text = await readFile(join(folder, CONTROL_FILE_NAME), 'utf8').catch(() => '')
  return parseControlFile(text)?.claim
}

/** What former starts left; a process that still lives although it was succeeded fails by it. */
async function removeAllBut(folder: string, kept: string): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  for (const name of names.filter((each) => each !== kept)) {
    await rm(join(folder, name), { force: true, recursive: true }).catch(() => undefined)
  }
}

function owned(folder: string, owner: ControlFile | undefined): MillraceError {
  if (owner === undefined)
    return new MillraceError('JOB_OWNED', `another process runs the job of ${folder}`)
  const { job, pid, host, startedAt } = owner
  const elsewhere = host === hostname() ? '' : ` on ${host}`
  const itself = pid === process.pid && elsewhere === ''
  const who = itself ? 'this process already' : `process ${pid}${elsewhere}`
  return new MillraceError('JOB_OWNED', `${who} runs the job ${job} in ${folder}`, {
    cure: itself
      ? 'stop the first run, or give the second another directory'
      : `stop it first: \`millrace stop ${job}\`, or choose another --directory`,
    details: { job, pid, host, startedAt },
  })
}

/** Job names are folder names; they must not lead out of the directory. */
function requireFolderName(jobName: string): string {
  const isSafe = /^[\p{L}\p{N}][\p{L}\p{N}._-]*$/u.test(jobName)
  if (isSafe && Buffer.byteLength(jobName) <= folderNameBytesMax) return jobName
  throw new MillraceError('JOB_GRAPH_INVALID', `${JSON.stringify(jobName)} is no job name`, {
    cure: 'use letters, digits, ".", "_", "-", beginning with a letter or digit; 200 bytes at most',
  })
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
