// Counts the words of files, by the built-in function or by one of its own, into an exactly-once
// file sink. A module, for workers in threads.
import { job, t, words } from 'millrace'
import { fileSink, fileSource } from 'millrace/connectors'

export default job(
  'words',
  { params: { input: t.string, output: t.string, builtIn: t.boolean } },
  (env, { input, output, builtIn }) => {
    env
      .fromSource('lines', fileSource({ path: input, splitBytes: 4_096 }))
      .flatMap(builtIn ? words() : (line) => line.match(/\S+/g) ?? [])
      .keyBy((word) => word)
      .count('counts')
      .map(({ key, value }) => `${key} ${value}`)
      .sinkTo('out', fileSink({ path: output, format: 'text' }))
  },
)
