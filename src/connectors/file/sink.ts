/**
 * `fileSink`: exactly-once output to files of a folder. Records stream into hidden files, which get
 * their visible names when the checkpoint that holds them is complete (`part-writer.ts`,
 * `part-committer.ts`).
 */
import { sinkBrand } from '../../operators/sink.ts'
import type { Sink, WriterContext } from '../../operators/sink.ts'
import { PartCommitter, removeLeftovers, withdrawNewer } from './part-committer.ts'
import { makeDirectory } from './part-file.ts'
import { PartWriter } from './part-writer.ts'
import { filePartType } from './part.ts'
import type { FilePart } from './part.ts'
import { checkedSinkOptions } from './sink-options.ts'
import type { FileSinkOptions } from './sink-options.ts'

/**
 * Writes records as lines to files that appear whole, once each, at every checkpoint. The records
 * of one subtask keep their order within a file and over files sorted by name. A new line of
 * checkpoints (`--fresh`) writes under new names and leaves older output as it is.
 *
 * @throws `CONFIG_INVALID` and `CONFIG_UNKNOWN_OPTION` for options that cannot work. While running:
 * `CONNECTOR_FAILED` with the system's code, or for visible files that somebody changed.
 * @example
 * counts.sinkTo('counts', fileSink({ path: 'out', format: 'json-lines' }))
 */
export function fileSink<T>(options: FileSinkOptions<T>): Sink<T, FilePart> {
  const checked = checkedSinkOptions(options)
  const { directory, at } = checked
  return Object.freeze<Sink<T, FilePart>>({
    [sinkBrand]: true,
    name: `fileSink(${directory})`,
    guarantee: 'exactly-once',
    committable: filePartType,
    canWithdraw: true,
    findsNewerOutput: true,
    async createWriter(context: WriterContext) {
      await makeDirectory(directory)
      return new PartWriter(checked, context)
    },
    createCommitter: (context) => Promise.resolve(new PartCommitter(at, context)),
    async recover(context: WriterContext, alive: readonly FilePart[]) {
      await removeLeftovers(directory, context, alive)
      await withdrawNewer(directory, context, alive)
      await at('recovered')
    },
  })
}
