/** `millrace state export`: all keys of an operator, a line each. */
import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { MillraceError } from '../../errors.ts'
import type { OperatorSnapshot } from '../../savepoint/operator-snapshot.ts'
import { plainValue } from '../../savepoint/plain-value.ts'
import type { StateSchema } from '../../state/descriptors.ts'
import type { CommandFunction } from '../command.ts'
import { exitCode } from '../exit-codes.ts'
import { formatCount } from '../format.ts'
import { StatusLine } from '../progress.ts'
import { withSnapshot } from '../snapshots.ts'
import { chosenStates } from '../state-choice.ts'
import type { Terminal } from '../terminal.ts'

const chunkChars = 65_536

export const stateExport: CommandFunction = async (invocation, terminal) => {
  const format = invocation.value('format') ?? 'json-lines'
  if (format !== 'json-lines' && format !== 'csv') {
    throw new MillraceError('CLI_USAGE', `there is no format ${format}`, {
      cure: 'write --format json-lines or --format csv',
    })
  }
  const [, uid = ''] = invocation.positionals
  return withSnapshot(invocation, terminal, async (snapshot) => {
    const operator = snapshot.state(uid)
    const names = chosenStates(operator.schema, invocation.values('state'))
    const lines = format === 'csv' ? csvLines(operator, names) : jsonLines(operator, names)
    const target = await targetOf(invocation.value('output'), terminal)
    const keys = await written(lines, target, terminal)
    const exported = format === 'csv' ? keys - 1 : keys
    if (invocation.isSet('output')) terminal.err(`${formatCount(exported)} keys\n`)
    return exitCode('ok')
  })
}

interface Target {
  write(text: string): void | Promise<unknown>
  close(): Promise<void>
}

async function targetOf(output: string | undefined, terminal: Terminal): Promise<Target> {
  if (output === undefined) {
    return { write: (text) => terminal.out(text), close: () => Promise.resolve() }
  }
  const path = resolve(terminal.workingDirectory, output)
  const file = await open(path, 'wx').catch((error: unknown) => {
    const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST'
    throw new MillraceError(
      isThere ? 'STORAGE_CONFLICT' : 'STORAGE_FAILED',
      isThere ? `the file ${output} exists already` : `cannot write the file ${output}`,
      { cure: isThere ? 'name another one, or remove it' : 'see the cause', cause: error },
    )
  })
  return { write: (text) => file.writeFile(text), close: () => file.close() }
}

/** Writes the lines in chunks; gives their number. */
async function written(
  lines: AsyncIterable<string>,
  target: Target,
  terminal: Terminal,
): Promise<number> {
  const line = terminal.errIsTty && !terminal.outIsTty ? new StatusLine(terminal) : undefined
  let [count, chunk] = [0, '']
  try {
    for await (const text of lines) {
      count++
      chunk += `${text}\n`
      if (chunk.length < chunkChars) continue
      await target.write(chunk)
      chunk = ''
      line?.show(`exporting … ${formatCount(count)} keys`)
    }
    await target.write(chunk)
  } finally {
    line?.clear()
    await target.close()
  }
  return count
}

type Rows = Pick<OperatorSnapshot<unknown, StateSchema>, 'rows'>
type Names = readonly string[]

async function* jsonLines(operator: Rows, names: Names): AsyncGenerator<string> {
  for await (const { key, states } of operator.rows()) {
    const found = names.filter((name) => Object.hasOwn(states, name))
    const values = Object.fromEntries(found.map((name) => [name, plainValue(states[name])]))
    yield JSON.stringify({ key: plainValue(key), states: values })
  }
}

/** By RFC 4180: the key and a column per state; what is no text, number or flag is JSON. */
async function* csvLines(operator: Rows, names: Names): AsyncGenerator<string> {
  yield ['key', ...names].map(quoted).join(',')
  for await (const { key, states } of operator.rows()) {
    yield [key, ...names.map((name) => states[name])].map(cell).join(',')
  }
}

function cell(value: unknown): string {
  if (value === undefined) return ''
  const plain = plainValue(value)
  return quoted(typeof plain === 'string' ? plain : JSON.stringify(plain))
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
