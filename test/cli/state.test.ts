// state ls, get, diff and export on real snapshots of a job.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { job, mapState, run, t, valueState } from 'millrace'
import { sink } from 'millrace/connectors'
import { perform, temporaryFolder } from './cli.ts'

const folder = temporaryFolder()
after(() => folder.remove())
const cli = (...args: string[]) => perform(folder.path, args)

const wordsOf = (name: string, text: readonly string[]) =>
  job(name, (env) => {
    env
      .fromElements('text', text)
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
  const jobs = [
    wordsOf('words', ['to', 'be', 'or', 'not', 'to', 'be']),
    wordsOf('more-words', ['to', 'be', 'that', 'is', 'be', 'to', 'be', 'or']),
  ]
  for (const each of jobs) {
    await using handle = await run(each, { directory, backend: 'hashmap' })
    await handle.finished
  }
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

test('get shows the states of one key', async () => {
  const { code, out, err } = await cli('state', 'get', 'words', 'counts', '--key', 'be')
  assert.equal(code, 0, err)
  assert.equal(out, 'count    2\nletters  [["b",2],["e",2]]\n')
  const one = ['--key', 'not', '--state', 'count', '--json']
  const json = await cli('state', 'get', 'words', 'counts', ...one)
  assert.equal(json.out, '{"uid":"counts","key":"not","states":{"count":1}}\n')
  const absent = await cli('state', 'get', 'words', 'counts', '--key', 'whale')
  assert.equal(absent.code, 3)
  assert.match(absent.err, /"counts" has no state for the key "whale"\n +→ list the keys/)
  const near = await cli('state', 'get', 'words', 'counts', '--key', 'be', '--state', 'cuont')
  assert.match(near.err, /no state "cuont"[\s\S]*did you mean count\?/)
  const none = await cli('state', 'get', 'words', 'numbers', '--key', 'be')
  assert.match(none.err, /no operator "numbers"[\s\S]*its operators are: .*counts/)
  assert.equal((await cli('state', 'get', 'words', 'counts')).code, 2)
})

test('diff counts what was added, removed and changed, and shows it', async () => {
  const { code, out, err } = await cli('state', 'diff', 'words', 'more-words')
  assert.equal(code, 0, err)
  assert.match(out, /\ncounts +count +2 +1 +1 +2\n/)
  const keys = await cli('state', 'diff', 'words', 'more-words', '--keys', '--uid', 'counts')
  const lines = keys.out.split('\n').filter((line) => /^[-+~] counts count /.test(line))
  assert.deepEqual(
    lines.toSorted((a, b) => a.localeCompare(b)),
    [
      '- counts count "not": 1',
      '+ counts count "is": 1',
      '+ counts count "that": 1',
      '~ counts count "be": 2 → 3',
    ].toSorted((a, b) => a.localeCompare(b)),
  )
  const same = await cli('state', 'diff', 'words', 'words', '--json')
  assert.deepEqual(JSON.parse(same.out), {
    before: 'words',
    after: 'words',
    states: ['count', 'letters'].map((state) => {
      return { uid: 'counts', state, added: 0, removed: 0, changed: 0, same: 4 }
    }),
  })
})

test('export writes JSON lines or CSV, to stdout or to a new file', async () => {
  const { code, out, err } = await cli('state', 'export', 'words', 'counts', '--state', 'count')
  assert.equal(code, 0, err)
  const rows = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)
  assert.equal(rows.length, 4)
  assert.ok(rows.some((row) => JSON.stringify(row) === '{"key":"be","states":{"count":2}}'))
  const toFile = ['state', 'export', 'words', 'counts', '--format', 'csv', '--output', 'counts.csv']
  assert.equal((await cli(...toFile)).code, 0)
  const csv = readFileSync(join(folder.path, 'counts.csv'), 'utf8').trimEnd().split('\n')
  assert.equal(csv[0], 'key,count,letters')
  assert.ok(csv.includes('be,2,"[[""b"",2],[""e"",2]]"'), csv.join('\n'))
  const again = await cli(...toFile)
  assert.equal(again.code, 1)
  assert.match(again.err, /counts\.csv exists already/)
  const wrong = await cli('state', 'export', 'words', 'counts', '--format', 'xml')
  assert.equal(wrong.code, 2)
  assert.match(wrong.err, /json-lines or --format csv/)
})
