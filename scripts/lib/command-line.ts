// The command lines of the long forms: `--help` is answered, and wrong options end the process with
// one line that says what is wrong, and with 2. No script prints a stack because of a typing error.
import { parseArgs, type ParseArgsConfig } from 'node:util'

type Options = NonNullable<ParseArgsConfig['options']>
interface Configuration<O extends Options> {
  readonly args: readonly string[]
  readonly options: O
  readonly allowPositionals: boolean
}
type Parsed<O extends Options> = ReturnType<typeof parseArgs<Configuration<O>>>

/**
 * @param script as it is called: `npm run <script>`
 * @param usage shown for `--help`
 */
export function optionsOf<const O extends Options>(
  args: readonly string[],
  script: string,
  usage: string,
  options: O,
  allowPositionals = false,
): Parsed<O> {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(usage)
    process.exit(0)
  }
  try {
    return parseArgs<Configuration<O>>({ args: [...args], options, allowPositionals })
  } catch (error) {
    return wrongUsage(script, error instanceof Error ? error.message : String(error))
  }
}

/** Ends the process. */
export function wrongUsage(script: string, problem: string): never {
  console.error(`${problem} (see npm run ${script} -- --help)`)
  process.exit(2)
}
