/**
 * The process that is killed: runs the job to its end and writes facts about itself as JSON lines.
 * Arguments: directory, parallelism, backend, memory, when barriers overtake.
 */
import { join } from 'node:path'
import { isMillraceError, type Logger, run } from 'millrace'

const [directory = '', parallelism = '1', backend = 'hashmap', memory = '64MB', unaligned] =
  process.argv.slice(2)

function say(fact: object): void {
  process.stdout.write(`${JSON.stringify(fact)}\n`)
}

/** Only what went wrong: the parent shows it if the round fails. */
const logger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (fields, message) => say({ warning: message, ...fields }),
  error: (fields, message) => say({ problem: message, ...fields }),
  child: () => logger,
}

try {
  const handle = await run(new URL('./job.ts', import.meta.url), {
    params: { input: join(directory, 'input.txt'), output: join(directory, 'output') },
    directory: join(directory, 'millrace'),
    parallelism: Number(parallelism),
    backend: backend === 'rocksdb' ? 'rocksdb' : 'hashmap',
    memory: memory as `${number}MB`,
    checkpointing: {
      interval: '150 ms',
      keep: 2,
      unaligned: unaligned === 'always' ? 'always' : 'auto',
    },
    logger,
  })
  say({ restoredFrom: handle.status.restoredFrom ?? 0 })
  const result = await handle.finished
  const { backend: state, checkpoints } = handle.status
  say({ outcome: result.outcome, state, checkpoints: checkpoints.completed })
} catch (error) {
  if (!isMillraceError(error)) throw error
  say({ error: error.explanation })
  process.exitCode = 1
}
