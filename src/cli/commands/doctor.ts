/** `millrace doctor`: everything that can be looked at before it hurts. */
import { resolve } from 'node:path'
import { layerFromObject, resolveOptions, type ResolvedOptions } from '../../config/resolve.ts'
import { machineMemoryBytes } from '../../util/machine-memory.ts'
import { isMillraceError } from '../../errors.ts'
import type { CommandFunction, Invocation } from '../command.ts'
import { checkDirectory } from '../doctor/disk.ts'
import type { DoctorFinding } from '../doctor/finding.ts'
import { checkJobs } from '../doctor/jobs.ts'
import { checkMemory, checkNode, checkRocksdb } from '../doctor/machine.ts'
import { exitCode } from '../exit-codes.ts'
import { commandOptions, keysPlace, signingPlace, subjectsPlace } from '../given-options.ts'
import { withProgress } from '../progress.ts'
import { tableLines } from '../table.ts'
import { styled, type Style, type Terminal } from '../terminal.ts'

export const doctor: CommandFunction = async (invocation, terminal) => {
  const findings = await withProgress(terminal, 'looking', examine(invocation, terminal))
  const problems = findings.filter((finding) => finding.level === 'problem').length
  if (invocation.json) terminal.out(`${JSON.stringify({ problems, findings })}\n`)
  else terminal.out(`${findingLines(findings, terminal).join('\n')}\n`)
  return exitCode(problems === 0 ? 'ok' : 'failed')
}

async function examine(
  invocation: Invocation,
  terminal: Terminal,
): Promise<readonly DoctorFinding[]> {
  const { options, finding } = await checkOptions(invocation, terminal)
  const { values } = options
  const directory = resolve(terminal.workingDirectory, values.directory)
  return [
    checkNode(),
    finding,
    checkMemory(options),
    checkRocksdb(options),
    ...(await checkDirectory(directory)),
    ...(await checkJobs(directory, {
      storage: values['checkpointing.storage'],
      keys: keysPlace(values, terminal),
      signingKeys: signingPlace(values, terminal),
      subjectKeys: subjectsPlace(values, terminal),
    })),
  ]
}

/** Wrong options are a finding; the other checks go on with the defaults. */
async function checkOptions(
  invocation: Invocation,
  terminal: Terminal,
): Promise<{ readonly options: ResolvedOptions; readonly finding: DoctorFinding }> {
  const check = 'options'
  try {
    const options = await commandOptions(invocation, terminal)
    const sources = new Set(Object.values(options.origins).filter((origin) => origin !== 'default'))
    const detail = sources.size === 0 ? 'all default' : `from ${[...sources].join(', ')}`
    return { options, finding: { check, level: 'ok', detail } }
  } catch (error) {
    if (!isMillraceError(error)) throw error
    const { message: detail, cure } = error
    const defaults = resolveOptions([layerFromObject('run', 'default', {})], machineMemoryBytes())
    return { options: defaults, finding: { check, level: 'problem', detail, cure } }
  }
}

const styles: Readonly<Record<DoctorFinding['level'], Style>> = {
  ok: 'green',
  note: 'dim',
  warning: 'yellow',
  problem: 'red',
}

function findingLines(findings: readonly DoctorFinding[], terminal: Terminal): string[] {
  const lines = tableLines<DoctorFinding>(
    [
      { title: '', value: ({ level }) => level },
      { title: '', value: ({ check }) => check },
      { title: '', value: ({ detail }) => detail },
    ],
    findings,
    undefined,
  ).slice(1)
  return findings.flatMap(({ level, cure }, index) => {
    const line = (lines[index] ?? '').replace(level, styled(terminal, styles[level], level))
    return cure === undefined ? [line] : [line, `         → ${cure}`]
  })
}
