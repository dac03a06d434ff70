/**
 * The CLI after its entry has checked the version of Node: finds the command, answers `--help` and
 * `--version` without loading anything else, runs the command, and turns errors into exit codes.
 */
import { VERSION } from '../util/version.ts'
import { COMMANDS } from './commands.ts'
import { exitCode, exitCodeOf } from './exit-codes.ts'
import { commandHelp, overviewHelp } from './help.ts'
import { findCommand, parseInvocation } from './parse.ts'
import { reportError } from './report-error.ts'
import type { Terminal } from './terminal.ts'

/** Performs one command line; never throws. Resolves to the exit code. */
export async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  const [first] = args
  if (first === '--version' || first === '-v') {
    terminal.out(`${VERSION}\n`)
    return exitCode('ok')
  }
  if (first === undefined || first === '--help' || first === '-h' || first === 'help') {
    return help(args.slice(1), first === undefined, terminal)
  }
  try {
    const flagAt = args.findIndex((arg) => arg.startsWith('-'))
    const words = flagAt === -1 ? args : args.slice(0, flagAt)
    const { command, length } = findCommand(COMMANDS, words.length === 0 ? args : words)
    const invocation = parseInvocation(command, args.slice(length))
    if (invocation.isSet('help')) {
      terminal.out(commandHelp(command))
      return exitCode('ok')
    }
    const run = await command.load()
    return await run(invocation, terminal)
  } catch (error) {
    reportError(error, args.includes('--json'), terminal)
    return exitCodeOf(error)
  }
}

/** `millrace help run` is `millrace run --help`; without any word the overview, as a mistake. */
function help(words: readonly string[], isMistake: boolean, terminal: Terminal): number {
  const name = words.filter((word) => !word.startsWith('-')).join(' ')
  const command = COMMANDS.find((each) => each.name === name)
  if (isMistake) {
    terminal.err(overviewHelp(COMMANDS))
    return exitCode('usage')
  }
  terminal.out(command === undefined ? overviewHelp(COMMANDS) : commandHelp(command))
  return exitCode('ok')
}
