// What `millrace run` says of a job that is wrong: its graph, its functions, its parameters and its
// options. Each is a coded error that names what it is about and the cure, said once.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assertFailure, type Expected, jobModule, project } from './project.ts'

interface Case extends Expected {
  readonly what: string
  /** The job's `build`; `job.ts` has it at line 6. */
  readonly body: string
  /** Options in code. */
  readonly options?: string
  /** Other files. */
  readonly files?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
}

const one = "env.fromElements('numbers', [1, 2]).print()"

const graphs: readonly Case[] = [
  {
    what: 'a uid that is used twice, with both places',
    body: "env.fromElements('n', [1])\n  .keyBy((v) => v)\n  .count('n')\n  .print()",
    exit: 2,
    code: 'JOB_DUPLICATE_UID',
    says: /uid "n": source "n" \(.*job\.ts:6[^)]*\) and count "n" \(.*job\.ts:8[^)]*\)/,
    cure: /a uid of its own/,
    details: { uid: 'n' },
  },
  {
    what: 'a stream that reaches no sink',
    body: "env.fromElements('n', [1]).map((v) => v)",
    exit: 2,
    code: 'JOB_GRAPH_INVALID',
    says: /map \(.*job\.ts:6[^)]*\) reaches no sink/,
    cure: /sinkTo\('uid', sink\) or \.print\(\)/,
  },
  {
    what: 'an async function',
    body: "env.fromElements('n', [1]).map(async (v) => v).print()",
    exit: 2,
    code: 'JOB_ASYNC_FUNCTION',
    says: /map \(.*job\.ts:6[^)]*\) is asynchronous/,
    cure: /asyncMap/,
  },
  {
    what: 'a function that returns a promise, with the record',
    body: "env.fromElements('n', [1]).map((v) => Promise.resolve(v)).print()",
    exit: 2,
    code: 'JOB_ASYNC_FUNCTION',
    says: /map \(.*job\.ts:6[^)]*\) is asynchronous \(.*record 1\)/,
    cure: /asyncMap/,
  },
  {
    what: 'an async processElement',
    body: [
      "env.fromElements('n', [1]).keyBy((v) => v).process('p', keyedProcess({",
      '  async processElement(v: number) {},',
      '} as never)).print()',
    ].join('\n'),
    exit: 2,
    code: 'JOB_ASYNC_FUNCTION',
    says: /p.* is asynchronous/,
    cure: /asyncMap/,
  },
]

const params = 'params: { input: t.string, count: t.optional(t.int32) }'

const parameters: readonly Case[] = [
  {
    what: 'a parameter that is missing',
    body: one,
    options: params,
    exit: 2,
    code: 'JOB_PARAM_MISSING',
    says: /needs the parameter "input" \(text\)/,
    cure: /--param input=/,
    details: { parameter: 'input' },
  },
  {
    what: 'a parameter that there is not, with the nearest',
    body: one,
    options: params,
    args: ['--param', 'input=a', '--param', 'cuont=3'],
    exit: 2,
    code: 'JOB_PARAM_UNKNOWN',
    says: /no parameter "cuont"/,
    cure: /did you mean count\?/,
    details: { parameter: 'cuont', nearest: 'count' },
  },
  {
    what: 'a parameter of another type',
    body: one,
    options: params,
    args: ['--param', 'input=a', '--param', 'count=many'],
    exit: 2,
    code: 'JOB_PARAM_INVALID',
    says: /"count" .*cannot be "many": expected int32/,
    cure: /--param count=/,
    details: { parameter: 'count' },
  },
]

const options: readonly Case[] = [
  {
    what: 'a flag',
    body: one,
    args: ['--paralelism', '2'],
    exit: 2,
    code: 'CLI_USAGE',
    says: /no flag --paralelism/,
    cure: /did you mean --parallelism\?/,
  },
  {
    what: 'a key',
    body: one,
    args: ['--set', 'checkpointing.intervall=3s'],
    exit: 2,
    code: 'CONFIG_UNKNOWN_OPTION',
    says: /no option checkpointing\.intervall \(from --set/,
    cure: /did you mean checkpointing\.interval\?/,
  },
  {
    what: 'a value',
    body: one,
    args: ['--backend', 'rockdb'],
    exit: 2,
    code: 'CONFIG_INVALID',
    says: /backend \(from --backend\): "rockdb" is not one of auto, hashmap, rocksdb/,
    cure: /did you mean rocksdb\?/,
  },
  {
    what: 'an option in code',
    body: one,
    options: 'paralelism: 2',
    exit: 2,
    code: 'CONFIG_UNKNOWN_OPTION',
    says: /no option paralelism \(from job "wrong"\)/,
    cure: /did you mean parallelism\?/,
  },
  {
    what: 'an option of the config file',
    body: one,
    files: { 'millrace.config.yaml': 'checkpointing:\n  keap: 3\n' },
    exit: 2,
    code: 'CONFIG_UNKNOWN_OPTION',
    says: /no option checkpointing\.keap \(from .*millrace\.config\.yaml\)/,
    cure: /did you mean checkpointing\.keep\?/,
  },
]

const functions: readonly Case[] = [
  {
    what: 'operator, key and record',
    body: [
      "env.fromElements('letters', ['a', 'a', 'b'])",
      '  .keyBy((letter) => letter)',
      "  .sum('lengths', (letter) => {",
      "    if (letter === 'b') throw new RangeError('no b')",
      '    return 1',
      '  })',
      '  .print()',
    ].join('\n'),
    exit: 1,
    code: 'FUNCTION_FAILED',
    says: /^lengths, key "b": no b \(split all, record 3\)$/,
    cure: /correct the function or the record/,
    details: { operator: 'lengths', key: '"b"', place: 'split all, record 3' },
  },
  {
    what: 'operator, file and record',
    body: [
      "env.fromSource('in', fileSource({ path: 'in.txt', format: lines() }))",
      '  .map((line) => JSON.parse(line) as number)',
      '  .print()',
    ].join('\n'),
    files: { 'in.txt': '1\n2\nthree\n' },
    exit: 1,
    code: 'FUNCTION_FAILED',
    says: /^map \(.*job\.ts:7[^)]*\): Unexpected token .* \(split in\.txt#0, record 3\)$/,
    cure: /correct the function or the record/,
  },
  {
    what: 'operator, key and record behind an exchange',
    body: [
      "env.fromElements('letters', ['a', 'a', 'b'])",
      '  .keyBy((letter) => letter)',
      "  .reduce('joined', () => { throw new RangeError('no') })",
      '  .print()',
    ].join('\n'),
    args: ['--parallelism', '2'],
    exit: 1,
    code: 'FUNCTION_FAILED',
    says: /^joined, key "a": no \(record 2 since the start, from letters.*\[\d\]\)$/,
    cure: /correct the function or the record/,
    details: { operator: 'joined', key: '"a"' },
  },
]

const groups = { graphs, parameters, 'wrong options': options, 'functions that throw': functions }

for (const [name, cases] of Object.entries(groups)) {
  describe(`millrace run with ${name}`, { concurrency: 2 }, () => {
    for (const { what, body, options: given, files = {}, args = [], ...expected } of cases) {
      it(`explains ${what}`, async (test) => {
        const { write, millrace } = project(test)
        write('job.ts', jobModule('wrong', body, given))
        for (const [file, text] of Object.entries(files)) write(file, text)
        assertFailure(await millrace('run', 'job.ts', ...args), expected)
      })
    }
  })
}

describe('millrace', () => {
  it('names the nearest command', async (test) => {
    const outcome = await project(test).millrace('rnu', 'job.ts')
    assertFailure(outcome, { exit: 2, code: 'CLI_USAGE', says: /rnu/, cure: /did you mean.*run/ })
    assert.equal(outcome.out, '')
  })
})
