// The pages of docs/reference that are made from tables in the sources, so that they cannot
// differ from what the program does. `scripts/reference.ts` writes them; a test compares.
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { COMMANDS } from '../../src/cli/commands.ts'
import { type CommandSpec, commonFlags } from '../../src/cli/command.ts'
import { EXIT_CODES } from '../../src/cli/exit-codes.ts'
import { exitsOf, flagUsage, usageOf } from '../../src/cli/help.ts'
import {
  environmentName,
  OPTION_KEYS,
  type OptionKey,
  optionSpec,
} from '../../src/config/options.ts'
import { formatOptionValue } from '../../src/config/values.ts'
import { errorCodes } from '../../src/errors.ts'
import { LIFECYCLE_EVENTS } from '../../src/metrics/events.ts'

const root = join(import.meta.dirname, '../..')
const made = '<!-- Made by scripts/reference.ts; change the sources, not this file. -->'

/** Path from the repository's root → text, as prettier would have it. */
export async function referencePages(): Promise<ReadonlyMap<string, string>> {
  const pages: readonly (readonly [string, string])[] = [
    ['options', optionsPage()],
    ['cli', cliPage()],
    ['events', eventsPage()],
    ['errors', errorsPage()],
  ]
  const formatted = new Map<string, string>()
  for (const [name, text] of pages) {
    const path = `docs/reference/${name}.md`
    const filepath = join(root, path)
    formatted.set(path, await format(text, { ...(await resolveConfig(filepath)), filepath }))
  }
  return formatted
}

function optionsPage(): string {
  const rows = OPTION_KEYS.map((key) => {
    const spec = optionSpec(key)
    const type = 'values' in spec ? spec.values.join(', ') : spec.type
    const flag = spec.flag === undefined ? '' : code(`--${spec.flag}`)
    return [code(key), type, defaultOf(key), flag, environmentOf(key), spec.summary]
  })
  return page('Options', [
    'Every option has one key. Where it is given more than once, the later place wins:',
    'defaults, options in code (`job(name, { … })`), config file, environment, then flags or the',
    'options of `run()`. `millrace config` shows each value with where it came from.',
    '',
    'A config file is `millrace.config.ts` (also `.mjs`, `.js`; its default export) or',
    '`millrace.config.yaml` (`.yml`) in the working directory, or what `--config` or',
    '`MILLRACE_CONFIG` names. The dots of a key are nesting there and in code:',
    '`checkpointing: { interval: "5 s" }`. On the command line every key can be given as',
    '`--set key=value`. Options without a variable belong to one start and can be given only by',
    'flag or to `run()`.',
    '',
    'A duration is milliseconds, or text with `ms`, `s`, `m` (`min`), `h`, `d`. A size is bytes,',
    'or text with `KB`, `MB`, `GB` (powers of 1024).',
    '',
    ...table(['option', 'type', 'default', 'flag', 'environment', 'meaning'], rows),
    '',
    'The default restart strategy begins with a second and doubles to a minute: an interrupted',
    'connection heals by itself. It gives up after ten attempts in a row, about five minutes, so',
    'that a fault that no restart cures ends the process with its error instead of hiding in a',
    'loop. Errors that a restart cannot cure are not tried again at all.',
  ])
}

function defaultOf(key: OptionKey): string {
  const spec = optionSpec(key)
  if (spec.defaultText !== undefined) return spec.defaultText.replaceAll('<', String.raw`\<`)
  return spec.default === undefined ? '' : code(formatOptionValue(key, spec.default))
}

function environmentOf(key: OptionKey): string {
  const { places } = optionSpec(key)
  return places?.includes('environment') === false ? '' : code(environmentName(key))
}

function cliPage(): string {
  const codes = Object.values(EXIT_CODES).map(([exit, meaning]) => [String(exit), meaning])
  return page('Command line', [
    'Every command takes `--json` (the result as JSON on stdout; an error as',
    '`{ "error": { code, message, cure, details } }`) and `--help`. Results go to stdout,',
    'everything else to stderr. Progress is shown on a terminal only; `NO_COLOR` is respected.',
    '',
    '## Exit codes',
    '',
    ...table(['code', 'meaning'], codes),
    '',
    ...COMMANDS.flatMap(commandSection),
  ])
}

function commandSection(command: CommandSpec): string[] {
  const flags = [...command.flags, ...commonFlags]
  const words = command.positionals.map(({ name, summary }) => [cell(`<${name}>`), summary])
  const exits = exitsOf(command).map((name) => EXIT_CODES[name][0])
  return [
    `## millrace ${command.name}`,
    '',
    code(`millrace ${usageOf(command)}`),
    '',
    command.summary,
    ...(command.description === undefined ? [] : ['', command.description]),
    '',
    ...table(
      ['argument', 'meaning'],
      [...words, ...flags.map((flag) => [cell(flagUsage(flag)), flag.summary])],
    ),
    '',
    ...command.examples.flatMap(({ command: line, does }) => [`- ${code(line)}: ${does}`]),
    '',
    `Exit codes: ${exits.join(', ')}.`,
    '',
  ]
}

/** Code in a table, where a bar would end the cell. */
function cell(text: string): string {
  return code(text.replaceAll('|', String.raw`\|`))
}

function eventsPage(): string {
  const sections = Object.entries(LIFECYCLE_EVENTS).flatMap(
    ([name, { summary, level, fields }]) => [
      `## ${name}`,
      '',
      `${summary} Logged at level ${level}.`,
      '',
      ...table(
        ['field', 'meaning'],
        Object.entries(fields).map(([field, text]) => [code(field), text]),
      ),
      '',
    ],
  )
  return page('Lifecycle events', [
    'Each is published on the `node:diagnostics_channel` of its name, in the thread that called',
    '`run()`, and logged with the same fields.',
    '',
    '```ts',
    "import { subscribe } from 'node:diagnostics_channel'",
    '',
    "subscribe('millrace:checkpoint:failed', (event) => alert(event))",
    '```',
    '',
    ...sections,
  ])
}

function errorsPage(): string {
  const rows = [...errorCodes()].map(([name, { remedy }]) => [code(name), remedy])
  return page('Error codes', [
    'Every error of Millrace is a `MillraceError` with a `code`. Codes are part of the contract,',
    'wording is not. The remedy is the general one; an error carries a better one in `cure` where',
    'the place that throws knows more.',
    '',
    ...table(['code', 'remedy'], rows),
  ])
}

function page(title: string, lines: readonly string[]): string {
  return [`# ${title}`, '', made, '', ...lines, ''].join('\n')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)]
}

function code(text: string): string {
  return `\`${text}\``
}
