/** `millrace state export`: all keys of an operator, a line each. */
import { type FileHandle, mkdtemp, open, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { MillraceError } from '../../errors.ts'
import type { OperatorSnapshot } from '../../savepoint/operator-snapshot.ts'
import { plainValue } from '../../savepoint/plain-value.ts'
import type { StateSchema } from '../../state/descriptors.ts'
import type { CommandFunction } from '../command.ts'
import { exitCode } from '../exit-codes.ts'
import { formatCount } from '../format.ts'
import { loadParquetWriter, parquetColumns } from '../parquet.ts'
import { StatusLine, withProgress } from '../progress.ts'
import { withSnapshot } from '../snapshots.ts'
import { chosenStates } from '../state-choice.ts'
import type { Terminal } from '../terminal.ts'

const chunkChars = 65_536

const formats = ['json-lines', 'csv', 'parquet'] as const

export const stateExport: CommandFunction = async (invocation, terminal) => {
  const wanted = invocation.value('format') ?? 'json-lines'
  const format = formats.find((each) => each === wanted)
  if (format === undefined) {
    throw new MillraceError('CLI_USAGE', `there is no format ${wanted}`, {
      cure: 'write --format json-lines or --format csv, or --format parquet',
    })
  }
  if (format === 'parquet') return parquetExport(invocation, terminal)
  const [, uid = ''] = invocation.positionals
  return withSnapshot(invocation, terminal, async (snapshot) => {
    const operator = snapshot.state(uid)
    const names = chosenStates(operator.schema, invocation.values('state'))
    const lines = format === 'csv' ? csvLines(operator, names) : jsonLines(operator, names)
    const target = await targetOf(invocation.value('output'), terminal)
    const { count } = await written(lines, target, terminal)
    const exported = format === 'csv' ? count - 1 : count
    if (invocation.isSet('output')) terminal.err(`${formatCount(exported)} keys\n`)
    return exitCode('ok')
  })
}

/** By way of JSON lines in a folder beside the output, which is deleted, also after a failure. */
const parquetExport: CommandFunction = async (invocation, terminal) => {
  const output = invocation.value('output')
  if (output === undefined) {
    throw new MillraceError('CLI_USAGE', 'the format parquet needs a file', {
      cure: 'add --output <file>, for example --output state.parquet',
    })
  }
  const toParquet = loadParquetWriter()
  const path = resolve(terminal.workingDirectory, output)
  const [, uid = ''] = invocation.positionals
  return withSnapshot(invocation, terminal, async (snapshot) => {
    const operator = snapshot.state(uid)
    const names = chosenStates(operator.schema, invocation.values('state'))
    // The name is taken first, so that nothing that comes to be there meanwhile is replaced.
    await (await created(path, output)).close()
    try {
      const scratch = await mkdtemp(join(dirname(path), '.millrace-export-'))
      try {
        const [lines, parquet] = [join(scratch, 'rows.jsonl'), join(scratch, 'rows.parquet')]
        const target = fileTarget(await created(lines, lines))
        const { count, longestChars } = await written(jsonLines(operator, names), target, terminal)
        const columns = parquetColumns(operator.schema, names)
        const work = toParquet({ lines, longestChars, parquet, scratch, columns })
        await withProgress(terminal, `writing ${output}`, work)
        await rename(parquet, path)
        terminal.err(`${formatCount(count)} keys\n`)
      } finally {
        await rm(scratch, { recursive: true, force: true })
      }
    } catch (error) {
      await rm(path, { force: true })
      throw error
    }
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
  return fileTarget(await created(resolve(terminal.workingDirectory, output), output))
}

/** A new file; `name` is what people call it. */
function created(path: string, name: string): Promise<FileHandle> {
  return open(path, 'wx').catch((error: unknown) => {
    const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST'
    throw new MillraceError(
      isThere ? 'STORAGE_CONFLICT' : 'STORAGE_FAILED',
      isThere ? `the file ${name} exists already` : `cannot write the file ${name}`,
      { cure: isThere ? 'name another one, or remove it' : 'see the cause', cause: error },
    )
  })
}

function fileTarget(file: FileHandle): Target {
  return { write: (text) => file.writeFile(text), close: () => file.close() }
}

interface Written {
  readonly count: number
  /** The length of the longest line. */
  readonly longestChars: number
}

/** Writes the lines in chunks. */
async function written(
  lines: AsyncIterable<string>,
  target: Target,
  terminal: Terminal,
): Promise<Written> {
  const line = terminal.errIsTty && !terminal.outIsTty ? new StatusLine(terminal) : undefined
  let [count, longestChars, chunk] = [0, 0, '']
  try {
    for await (const text of lines) {
      count++
      longestChars = Math.max(longestChars, text.length)
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
  return { count, longestChars }
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
