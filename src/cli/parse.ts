/** From arguments to an invocation: the command is found, flags and positionals are checked. */
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'
import { MillraceError } from '../errors.ts'
import { nearestName } from '../util/nearest.ts'
import { type CommandSpec, commonFlags, type FlagSpec, type Invocation } from './command.ts'

/** The command that the first words name, and how many words that were. */
export function findCommand(
  commands: readonly CommandSpec[],
  words: readonly string[],
): { readonly command: CommandSpec; readonly length: number } {
  const [first = '', second, third] = words
  for (const length of [2, 1]) {
    const name = words.slice(0, length).join(' ')
    const command = commands.find((each) => each.name === name)
    // `checkpoint` is a command as well as the first word of others: a wrong second word shows by
    // the third.
    const takes = command?.positionals.length ?? 0
    const isTooMuch = length === 1 && takes === 1 && third !== undefined && !third.startsWith('-')
    const isGroup = commands.some((each) => each.name.startsWith(`${first} `))
    if (command === undefined || (isTooMuch && isGroup)) continue
    return { command, length: name.split(' ').length }
  }
  const group = commands.filter((each) => each.name.startsWith(`${first} `))
  if (group.length > 0) {
    const names = group.map((each) => each.name.slice(first.length + 1))
    const near = nearestName(second ?? '', names)
    const known = names.join(', ')
    const cure =
      near === undefined ? `it is one of ${known}` : `did you mean millrace ${first} ${near}?`
    if (second === undefined) throw usage(`millrace ${first} needs one more word`, cure)
    throw usage(`there is no command millrace ${first} ${second}`, cure)
  }
  const firstWords = new Set(commands.map((each) => each.name.split(' ')[0] ?? ''))
  const near = nearestName(first, firstWords)
  throw usage(
    `there is no command ${first}`,
    near === undefined ? 'see `millrace --help`' : `did you mean millrace ${near}?`,
  )
}

/** Checks the arguments after the command's name. Throws `CLI_USAGE`. */
export function parseInvocation(command: CommandSpec, args: readonly string[]): Invocation {
  const flags = [...command.flags, ...commonFlags]
  const options: ParseArgsOptionsConfig = {}
  for (const { name, value, isValueOptional } of flags) {
    const isSwitch = value === undefined || isValueOptional === true
    options[name] = { type: isSwitch ? 'boolean' : 'string' }
  }
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true })
  const given = new Map<string, string[]>()
  const positionals: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const flag = flags.find((each) => each.name === token.name)
    if (flag === undefined) throw unknownFlag(command, token.rawName, flags)
    const values = given.get(flag.name) ?? []
    values.push(checkedValue(command, flag, token.value, token.inlineValue === true))
    if (values.length > 1 && flag.multiple !== true && flag.value !== undefined) {
      throw usage(`--${flag.name} is given twice`, 'give it once', command)
    }
    given.set(flag.name, values)
  }
  if (!given.has('help')) checkPositionals(command, positionals)
  return {
    command,
    positionals,
    json: given.has('json'),
    isSet: (flag) => given.has(flag),
    value: (flag) => given.get(flag)?.at(-1),
    values: (flag) => given.get(flag) ?? [],
  }
}

function checkedValue(
  command: CommandSpec,
  flag: FlagSpec,
  value: string | undefined,
  isInline: boolean,
): string {
  if (flag.value === undefined) {
    if (value === undefined) return ''
    throw usage(`--${flag.name} takes no value`, `write --${flag.name}`, command)
  }
  if (flag.isValueOptional === true && value === undefined) return ''
  const isOther = value?.startsWith('--') === true && !isInline
  if (value === undefined || value === '' || isOther) {
    throw usage(`--${flag.name} needs a value`, `write --${flag.name} <${flag.value}>`, command)
  }
  return value
}

function checkPositionals(command: CommandSpec, given: readonly string[]): void {
  const missing = command.positionals[given.length]
  if (missing !== undefined && missing.optional !== true) {
    throw usage(`<${missing.name}> is missing`, `it is ${lowerFirst(missing.summary)}`, command)
  }
  const extra = given[command.positionals.length]
  if (extra !== undefined) {
    throw usage(
      `${JSON.stringify(extra)} is too much`,
      `see \`millrace ${command.name} --help\``,
      command,
    )
  }
}

function unknownFlag(
  command: CommandSpec,
  rawName: string,
  flags: readonly FlagSpec[],
): MillraceError {
  const near = nearestName(
    rawName,
    flags.map((flag) => flag.name),
  )
  const cure =
    near === undefined ? `see \`millrace ${command.name} --help\`` : `did you mean --${near}?`
  return usage(`there is no flag ${rawName}`, cure, command)
}

function usage(message: string, cure: string, command?: CommandSpec): MillraceError {
  const where = command === undefined ? '' : `millrace ${command.name}: `
  return new MillraceError('CLI_USAGE', where + message, { cure })
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1).replace(/\.$/, '')
}
