/** Help texts, made from the table of commands. */
import { type CommandSpec, commonFlags, type FlagSpec } from './command.ts'
import { EXIT_CODES, type ExitName } from './exit-codes.ts'

/** All commands with a sentence each. */
export function overviewHelp(commands: readonly CommandSpec[]): string {
  const names = commands.map((command) => [usageOf(command), command.summary] as const)
  return [
    'millrace: stateful stream processing in one process.',
    '',
    'Usage: millrace <command> …',
    '',
    ...aligned(names),
    '',
    'millrace <command> --help shows its flags, examples and exit codes.',
    'millrace --version shows the version.',
    '',
  ].join('\n')
}

/** Everything about one command. */
export function commandHelp(command: CommandSpec): string {
  const positionals = command.positionals.map(
    ({ name, summary }) => [`<${name}>`, summary] as const,
  )
  const flags = [...command.flags, ...commonFlags].map(
    (flag) => [flagUsage(flag), flag.summary] as const,
  )
  const exits = exitsOf(command).map(
    (name) => [String(EXIT_CODES[name][0]), EXIT_CODES[name][1]] as const,
  )
  const examples = command.examples.flatMap(({ command: line, does }) => [
    `  # ${does}`,
    `  ${line}`,
  ])
  return [
    `Usage: millrace ${usageOf(command)} [flags]`,
    '',
    command.summary,
    ...(command.description === undefined
      ? []
      : ['', ...wrapped(command.description, textCharsMax)]),
    ...(positionals.length === 0 ? [] : ['', ...aligned(positionals)]),
    '',
    'Flags',
    ...aligned(flags),
    '',
    'Examples',
    ...examples,
    '',
    'Exit codes',
    ...aligned(exits),
    '',
  ].join('\n')
}

/** `checkpoint ls <dir|job>` */
export function usageOf(command: CommandSpec): string {
  const positionals = command.positionals.map(({ name, optional }) => {
    return optional === true ? `[${name}]` : `<${name}>`
  })
  return [command.name, ...positionals].join(' ')
}

export function flagUsage(flag: FlagSpec): string {
  if (flag.value === undefined) return `--${flag.name}`
  const { name, value } = flag
  return flag.isValueOptional === true ? `--${name}[=<${value}>]` : `--${name} <${value}>`
}

/** In the order of the table of exit codes. */
export function exitsOf(command: CommandSpec): readonly ExitName[] {
  const always: readonly ExitName[] = ['ok', 'failed', 'usage']
  // Object.keys widens to string; these are the table's own keys.
  const names = Object.keys(EXIT_CODES) as ExitName[]
  return names.filter((name) => always.includes(name) || command.exits.includes(name))
}

const leftCharsMax = 30
const textCharsMax = 96

/** Two columns; a long left side has a line of its own, a long right side is wrapped. */
function aligned(pairs: readonly (readonly [string, string])[]): string[] {
  const short = pairs.map(([left]) => left.length).filter((length) => length <= leftCharsMax)
  const room = Math.max(0, ...short)
  const indent = ' '.repeat(room + 4)
  return pairs.flatMap(([left, right]) => {
    const lines = wrapped(right, textCharsMax - indent.length)
    const [first = '', ...rest] = lines
    const head =
      left.length > room ? [`  ${left}`, indent + first] : [`  ${left.padEnd(room)}  ${first}`]
    return [...head, ...rest.map((line) => indent + line)]
  })
}

function wrapped(text: string, chars: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > chars) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
