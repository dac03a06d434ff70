// state ls on a real savepoint of a job.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { job, mapState, run, t, valueState } from 'millrace'
import { sink } from 'millrace/connectors'
import { perform, temporaryFolder } from './cli.ts'

const folder = temporaryFolder()
after(() => folder.remove())
const cli = (...args: string[]) => perform(folder.path, args)

const words = job('words', (env) => {
  env
    .fromElements('text', ['to', 'be', 'or', 'not', 'to', 'be'])
    .keyBy((word) => word, t.string)
    .process('counts', {
      state: {
        count: valueState(t.float64, { initial: 0 }),
        letters: mapState(t.string, t.float64),
      },
      processElement(word, { state }) {
        state.count.update(state.count.value() + 1)
        for (const letter of word) state.letters.set(letter, (state.letters.get(letter) ?? 0) + 1)
      },
    })
    .sinkTo('nothing', sink({ write: () => undefined }))
})

before(async () => {
  const directory = join(folder.path, '.millrace')
  await using handle = await run(words, { directory, backend: 'hashmap' })
  await handle.finished
})

test('ls counts the keys, entries and bytes of each state', async () => {
  const { code, out, err } = await cli('state', 'ls', 'words')
  assert.equal(code, 0, err)
  assert.match(err, /checkpoint \d+ of words/)
  assert.match(out, /^OPERATOR +KEY +STATE +KEYS +ENTRIES +BYTES +TYPE\n/)
  assert.match(out, /\ncounts +string +count: value +4 +4 +32 B +float64\n/)
  assert.match(out, /\n +letters: map +4 +9 +\d+ B +string → float64\n/)
  const json = JSON.parse((await cli('state', 'ls', 'words', '--json')).out) as {
    jobName: string
    operators: { uid: string; keys: number; states: { name: string; entries: number }[] }[]
  }
  assert.equal(json.jobName, 'words')
  const counts = json.operators.find(({ uid }) => uid === 'counts')
  assert.equal(counts?.keys, 4)
  assert.deepEqual(
    counts?.states.map(({ name, entries }) => [name, entries]),
    [
      ['count', 4],
      ['letters', 9],
    ],
  )
})

test('ls of nothing names what is near', async () => {
  const { code, err } = await cli('state', 'ls', 'wrods')
  assert.equal(code, 3)
  assert.match(err, /did you mean words\?/)
})
