// `npm start`: the word count over many passes of a whole book, to watch and to kill. State is in
// RocksDB, a checkpoint is taken every two seconds. Killed and started again, it goes on from the
// last checkpoint and ends with the same counts; after a finished run it starts afresh.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type JobHandle, run } from 'millrace'
import { rocksdbIsAvailable } from 'millrace/rocksdb'
import { type Arguments, passesDefault, readArguments, usage } from './arguments.ts'
import { type Input, makeInput, prepareInput } from './input.ts'
import { problem } from './problem.ts'
import { Progress } from './progress.ts'
import { report } from './report.ts'
import { Screen } from './screen.ts'
import { stopOnSignal } from './signals.ts'

const folder = '.millrace'
const inputFolder = join(folder, 'word-count-input')
const outputFolder = join(folder, 'word-count-output')
const screen = new Screen(process.stdout)

function chooseBackend({ backend }: Arguments): 'rocksdb' | 'hashmap' {
  if (backend !== undefined) return backend
  if (rocksdbIsAvailable()) return 'rocksdb'
  screen.line(`There is no RocksDB for ${process.platform}-${process.arch}; using hashmap instead.`)
  return 'hashmap'
}

async function start(options: Arguments, backend: string, fresh: boolean): Promise<JobHandle> {
  if (fresh) await rm(outputFolder, { recursive: true, force: true })
  return run(new URL('./job.ts', import.meta.url), {
    params: { input: inputFolder, output: outputFolder },
    directory: folder,
    backend: backend === 'rocksdb' ? 'rocksdb' : 'hashmap',
    parallelism: options.parallelism,
    checkpointing: { interval: options.interval },
    fresh,
  })
}

/** Starts the job; one that had finished before is started afresh, with new input. */
async function begin(options: Arguments, backend: string, input: Input) {
  const handle = await start(options, backend, options.fresh)
  if (!handle.status.hadFinished) return { handle, passes: input.passes }
  await handle.finished
  screen.line('The last run had finished, so this one starts afresh.')
  const wanted = options.passes ?? passesDefault
  const { passes } = input.isNew ? input : await makeInput(inputFolder, wanted)
  return { handle: await start(options, backend, true), passes }
}

async function main(options: Arguments): Promise<void> {
  const backend = chooseBackend(options)
  const input = await prepareInput({ ...options, folder: inputFolder })
  const { handle, passes } = await begin(options, backend, input)
  const { restoredFrom } = handle.status
  if (restoredFrom !== undefined) {
    screen.line(screen.style('green', `Going on from checkpoint ${restoredFrom}.`))
  }
  screen.line(`Counting the words of a book, ${passes} times over, with state in ${backend}.`)
  screen.line(`Kill me: ${screen.style('bold', `kill -9 ${process.pid}`)}, then run me again.\n`)
  const progress = new Progress(handle, screen)
  const release = stopOnSignal(handle, screen)
  try {
    const { outcome, checkpointId } = await handle.finished
    progress.end()
    if (outcome !== 'finished') {
      screen.line(`Stopped with checkpoint ${checkpointId}; run me again to go on from there.`)
      return
    }
    const { status } = handle
    await report(screen, { status, progress, output: outputFolder, passes, backend })
    await rm(inputFolder, { recursive: true, force: true })
  } finally {
    release()
    progress.end()
  }
}

try {
  const options = readArguments(process.argv.slice(2))
  if (options.help) screen.line(usage)
  else await main(options)
} catch (error) {
  for (const line of problem(error)) screen.line(line)
  process.exitCode = 1
}
