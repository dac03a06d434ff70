/** `millrace state erase`: makes all of one subject unreadable, of a job that runs or does not. */
import { MillraceError } from '../../errors.ts'
import { eraseStopped } from '../../runtime/erase-stopped.ts'
import { subjectFromText } from '../../runtime/erasures.ts'
import { openKeys } from '../../runtime/host-embedded-keys.ts'
import { claimJobFolder } from '../../runtime/job-claim.ts'
import { openVaults } from '../../runtime/subject-keys.ts'
import { openBlobStore } from '../../storage/open.ts'
import { systemClock } from '../../util/clock.ts'
import { systemRandom } from '../../util/random.ts'
import type { CommandFunction, Invocation } from '../command.ts'
import { callJob, controlFilesIn } from '../control-client.ts'
import { exitCode } from '../exit-codes.ts'
import { commandOptions, jobsDirectory, keysPlace, subjectsPlace } from '../given-options.ts'
import { withProgress } from '../progress.ts'
import { openSnapshots } from '../snapshots.ts'
import type { Terminal } from '../terminal.ts'

export const stateErase: CommandFunction = async (invocation, terminal) => {
  const [job = ''] = invocation.positionals
  const subject = invocation.value('subject')
  if (subject === undefined) {
    throw new MillraceError('CLI_USAGE', 'state erase needs a subject', {
      cure: 'give it as --subject <subject>, as shredBy of the job returns it',
    })
  }
  const type = invocation.value('type')
  // Before anything is asked or opened.
  const bytes = subjectFromText(subject, type)
  const directory = await jobsDirectory(invocation, terminal)
  const file = (await controlFilesIn(directory)).find((each) => each.job === job)
  const isRunning = file !== undefined
  const work = isRunning
    ? callJob(file, 'erase', { subject, ...(type === undefined ? {} : { type }) })
    : eraseFrom(job, bytes, directory, invocation, terminal)
  await withProgress(terminal, 'erasing', work)
  const said = `erased from ${job}: no checkpoint and no savepoint of it gives the subject any more`
  terminal.out(invocation.json ? `${JSON.stringify({ job, subject, isRunning })}\n` : `${said}\n`)
  return exitCode('ok')
}

async function eraseFrom(
  job: string,
  subject: Uint8Array,
  directory: string,
  invocation: Invocation,
  terminal: Terminal,
): Promise<void> {
  const { values } = await commandOptions(invocation, terminal)
  const places = { keys: keysPlace(values, terminal), subjects: subjectsPlace(values, terminal) }
  const { store, chain, location } = await openSnapshots(invocation, terminal)
  try {
    const host = { openKeys, openStore: (place: string) => openBlobStore(place) }
    const vaults = await openVaults(host, places, location)
    if (vaults === undefined) throw noVault()
    const id = systemRandom().id()
    const jobName = chain.entries.at(-1)?.link.jobName ?? job
    try {
      // Held while it is written: a job that starts meanwhile is refused, and the other way.
      const claim = await claimJobFolder({ directory, jobName, id })
      try {
        const writtenAt = systemClock.now()
        await eraseStopped(store, vaults, { subject, jobName, leader: id, writtenAt })
      } finally {
        await claim.release()
      }
    } finally {
      await vaults.store.close()
    }
  } finally {
    await store.close()
  }
}

function noVault(): MillraceError {
  const message = 'the vault that the subject is to be erased from cannot be opened'
  return new MillraceError('SUBJECT_KEYS_MISSING', message, {
    cure: 'say with --encryption-subjects where its keys are',
  })
}
