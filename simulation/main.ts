/**
 * `npm run simulate -- --seed N` replays one seed with a readable trace; `--seeds A..B` and
 * `--minutes M` run many, in a process for each core. Ends with 1 if a seed violates an invariant,
 * and prints the command that replays it; `--help` says the rest.
 */
import { type CommandLine, parseCommandLine, USAGE, UsageError } from './cli/options.ts'
import { explainFailure, replay } from './cli/replay.ts'
import { runMany } from './cli/run-many.ts'

async function main(args: readonly string[]): Promise<number> {
  let options: CommandLine
  try {
    options = parseCommandLine(args)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    console.error(`${error.message}\nsee npm run simulate -- --help`)
    return 2
  }
  if (options.help) {
    console.log(USAGE)
    return 0
  }
  if (options.seed === undefined) return runMany(options)
  const report = await replay(options.seed, options)
  if (report.violation === undefined) {
    console.log(`\nseed ${report.seed} went well, trace ${report.traceHash}`)
    return 0
  }
  await explainFailure(report, options)
  return 1
}

process.exitCode = await main(process.argv.slice(2))
