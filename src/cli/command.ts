/**
 * What a command is: a row of `commands.ts` (from which help, completion of names and the
 * reference are made) and a function that is loaded only when it is called.
 */
import type { ExitName } from './exit-codes.ts'
import type { Terminal } from './terminal.ts'

export interface FlagSpec {
  readonly name: string
  /** Placeholder of its value in help; absent: a switch. */
  readonly value?: string
  /** It may be left out: `--flag` or `--flag=value`. */
  readonly isValueOptional?: boolean
  /** May be given more than once. */
  readonly multiple?: boolean
  readonly summary: string
}

export interface PositionalSpec {
  readonly name: string
  readonly optional?: boolean
  readonly summary: string
}

export interface Example {
  readonly command: string
  readonly does: string
}

export interface CommandSpec {
  /** Words after `millrace`: `run`, `checkpoint ls`. */
  readonly name: string
  readonly summary: string
  /** More than one sentence, for the command's own help. */
  readonly description?: string
  readonly positionals: readonly PositionalSpec[]
  /** Without those that every command has (`commonFlags`). */
  readonly flags: readonly FlagSpec[]
  readonly examples: readonly Example[]
  /** Beyond ok, failed and usage. */
  readonly exits: readonly ExitName[]
  readonly load: () => Promise<CommandFunction>
}

/** Does the work; resolves to the exit code, or throws what `main.ts` reports. */
export type CommandFunction = (invocation: Invocation, terminal: Terminal) => Promise<number>

/** A command line that has been checked against its command. */
export interface Invocation {
  readonly command: CommandSpec
  readonly positionals: readonly string[]
  /** Whether the machine-readable form was asked for. */
  readonly json: boolean
  isSet(flag: string): boolean
  /** The last value given. */
  value(flag: string): string | undefined
  values(flag: string): readonly string[]
}

export const commonFlags: readonly FlagSpec[] = [
  { name: 'json', summary: 'Write the result as JSON.' },
  { name: 'help', summary: 'Show this help.' },
]
