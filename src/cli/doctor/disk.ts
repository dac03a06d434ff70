/** Checks of the folder that jobs write to: may we, is there room, how long does a sync take. */
import { constants } from 'node:fs'
import { access, mkdtemp, open, rm, stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { messageOf } from '../../errors.ts'
import { formatBytes, formatDuration } from '../format.ts'
import type { DoctorFinding } from './finding.ts'

const freeBytesProblem = 100 * 1024 ** 2
const freeBytesWarning = 1024 ** 3
const syncWarningMs = 50
const syncRounds = 5
const syncBytes = 4096

/** All of it for a directory that may not exist yet. */
export async function checkDirectory(directory: string): Promise<readonly DoctorFinding[]> {
  const existing = await nearestExisting(directory)
  const isThere = existing === directory
  try {
    await access(existing, constants.R_OK | constants.W_OK | constants.X_OK)
    const kind = await stat(existing)
    if (!kind.isDirectory()) throw new Error(`${existing} is no folder`)
  } catch (error) {
    const cure = `give this user the right to write to ${existing}, or choose another --directory`
    return [{ check: 'directory', level: 'problem', detail: messageOf(error), cure }]
  }
  const detail = isThere ? directory : `${directory} (not there yet; it can be made)`
  return [
    { check: 'directory', level: 'ok', detail },
    await checkSpace(existing),
    await checkSync(existing),
  ]
}

async function checkSpace(folder: string): Promise<DoctorFinding> {
  const check = 'disk space'
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  const detail = `${formatBytes(free)} free`
  const cure = 'make room: checkpoints fail on a full disk, and output waits for them'
  if (free < freeBytesProblem) return { check, level: 'problem', detail, cure }
  if (free < freeBytesWarning) return { check, level: 'warning', detail, cure }
  return { check, level: 'ok', detail }
}

/** Every checkpoint waits for a few syncs. */
async function checkSync(folder: string): Promise<DoctorFinding> {
  const check = 'disk sync'
  let scratch: string | undefined
  try {
    scratch = await mkdtemp(join(folder, '.doctor-'))
    const times: number[] = []
    const file = await open(join(scratch, 'sync'), 'w')
    for (let round = 0; round < syncRounds; round++) {
      const startedMs = performance.now()
      await file.write(Buffer.alloc(syncBytes))
      await file.sync()
      times.push(performance.now() - startedMs)
    }
    await file.close()
    const medianMs = times.sort((a, b) => a - b)[Math.floor(syncRounds / 2)] ?? 0
    const detail = `${formatDuration(medianMs)} for a small file`
    if (medianMs <= syncWarningMs) return { check, level: 'ok', detail }
    const cure = 'short checkpoint intervals will not be kept; use a faster disk for the directory'
    return { check, level: 'warning', detail, cure }
  } catch (error) {
    const cure = 'checkpoints cannot be made durable here; use another disk'
    return { check, level: 'problem', detail: messageOf(error), cure }
  } finally {
    if (scratch !== undefined) await rm(scratch, { recursive: true, force: true })
  }
}

async function nearestExisting(directory: string): Promise<string> {
  let path = directory
  while (dirname(path) !== path) {
    const isThere = await stat(path).then(
      () => true,
      () => false,
    )
    if (isThere) return path
    path = dirname(path)
  }
  return path
}
