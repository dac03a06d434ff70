/** Checks of the jobs in a directory: who runs, what was killed, what is left over or damaged. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { GIVEN_UP, givenUpBy, readChain } from '../../checkpoint/chain.ts'
import { messageOf } from '../../errors.ts'
import type { ControlFile } from '../../runtime/control-protocol.ts'
import { openSnapshotStore } from '../../savepoint/open-store.ts'
import { callJob, controlFilesIn } from '../control-client.ts'
import { formatBytes, formatDuration } from '../format.ts'
import { reportVault, vaultRisk, vaultText } from '../vault-report.ts'
import type { DoctorFinding } from './finding.ts'

const answerTimeoutMs = 2_000
const jobsMax = 1_000
const leftoverFilesMax = 100_000

/** Where checkpoints are, and the keys of what is encrypted or signed, as far as options say so. */
interface CheckpointPlace {
  readonly storage: string | undefined
  readonly keys: string | undefined
  readonly signingKeys: string | undefined
  readonly subjectKeys: string | undefined
}

export async function checkJobs(
  directory: string,
  place: CheckpointPlace,
): Promise<readonly DoctorFinding[]> {
  const files = new Map((await controlFilesIn(directory)).map((file) => [file.job, file]))
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  const names = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
  const findings: DoctorFinding[] = []
  for (const { name } of names.slice(0, jobsMax)) {
    const folder = join(directory, name)
    const file = files.get(name)
    const runs = file !== undefined && (await answers(file))
    findings.push(ownerOf(name, file, runs))
    if (!runs) findings.push(...(await checkLeftovers(name, folder)))
    const location = place.storage ?? join(folder, 'checkpoints')
    findings.push(await checkChain(name, location, place))
    findings.push(...(await checkVault(name, location, place)))
  }
  if (findings.length > 0) return findings
  return [{ check: 'jobs', level: 'ok', detail: `none has run in ${directory}` }]
}

function ownerOf(job: string, file: ControlFile | undefined, runs: boolean): DoctorFinding {
  const check = `job ${job}`
  if (file === undefined) return { check, level: 'ok', detail: 'does not run' }
  if (runs) return { check, level: 'ok', detail: `runs as process ${file.pid}` }
  const age = formatDuration(Math.max(0, Date.now() - file.startedAt))
  const detail = `process ${file.pid}, started ${age} ago, does not answer; it was killed or hangs`
  const cure = 'end the process if it is still there; run the job again and it resumes'
  return { check, level: 'warning', detail, cure }
}

async function answers(file: ControlFile): Promise<boolean> {
  return callJob(file, 'status', {}, { timeoutMs: answerTimeoutMs }).then(
    () => true,
    () => false,
  )
}

/** Throw-away files of a job that does not run. */
async function checkLeftovers(job: string, folder: string): Promise<readonly DoctorFinding[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const state = join(folder, 'state')
  let bytes = 0
  let count = 0
  for (const entry of entries.slice(0, leftoverFilesMax)) {
    const path = join(entry.parentPath, entry.name)
    const isLeft = path.startsWith(state) || /\.tmp(-|$)/.test(entry.name)
    if (!entry.isFile() || !isLeft) continue
    bytes += await stat(path).then(
      ({ size }) => size,
      () => 0,
    )
    count++
  }
  if (count === 0) return []
  const detail = `${count} throw-away files of an earlier run, ${formatBytes(bytes)}`
  const cure = 'nothing to do: the next run deletes them; they hold no state that is not elsewhere'
  return [{ check: `left-overs of ${job}`, level: 'note', detail, cure }]
}

async function checkChain(
  job: string,
  location: string,
  { keys, signingKeys }: CheckpointPlace,
): Promise<DoctorFinding> {
  const check = `checkpoints of ${job}`
  try {
    const store = await openSnapshotStore(location, keys, signingKeys)
    const chain = await readChain(store)
    const { entries, damage } = chain
    await store.close()
    const links = entries.flatMap(({ link }) => (link.kind === 'checkpoint' ? [link] : []))
    const newest = links.at(-1)
    if (damage.length > 0) {
      const detail = damage.map(({ name, problem }) => `${name} ${problem}`).join('; ')
      const cure = `see \`millrace checkpoint verify ${job}\`; restore the files from a copy`
      return { check, level: 'problem', detail, cure }
    }
    if (newest === undefined) {
      const detail = givenUpBy(chain) === undefined ? 'none yet' : `none: ${GIVEN_UP}`
      return { check, level: 'ok', detail }
    }
    const age = formatDuration(Math.max(0, Date.now() - newest.writtenAt))
    const detail = `${links.length}, the newest is ${newest.checkpointId}, ${age} old`
    return { check, level: 'ok', detail }
  } catch (error) {
    const cure = `see \`millrace checkpoint ls ${job}\``
    return { check, level: 'problem', detail: messageOf(error), cure }
  }
}

/** Of a job with keys of subjects. That a vault is missing its next start says. */
async function checkVault(
  job: string,
  location: string,
  { subjectKeys }: CheckpointPlace,
): Promise<readonly DoctorFinding[]> {
  const check = `vault of ${job}`
  try {
    const report = await reportVault(location, subjectKeys)
    if (report.numbers.length === 0) return []
    const risk = vaultRisk(report)
    if (risk === undefined) return [{ check, level: 'ok', detail: vaultText(report) }]
    const level = report.versioning === 'unknown' ? 'note' : 'warning'
    return [{ check, level, detail: `${vaultText(report)}; ${risk.detail}`, cure: risk.cure }]
  } catch (error) {
    const cure = 'give the keys of the vault, or put the folder subjects there as it was last'
    return [{ check, level: 'problem', detail: messageOf(error), cure }]
  }
}
