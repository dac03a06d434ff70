// What people write: config files, options, durations and sizes, command lines, parameters, keys.
import { parse } from 'yaml'
import { COMMANDS } from '../../src/cli/commands.ts'
import { findCommand, parseInvocation } from '../../src/cli/parse.ts'
import { parseYaml } from '../../src/config/load.ts'
import { OPTION_KEYS } from '../../src/config/options.ts'
import { layerFromObject, layerFromText, resolveOptions } from '../../src/config/resolve.ts'
import { formatOptionValue, parseOptionValue } from '../../src/config/values.ts'
import { parseParams } from '../../src/graph/params.ts'
import { plainValue } from '../../src/savepoint/plain-value.ts'
import { keyFromText } from '../../src/types/key-from-text.ts'
import { t } from '../../src/types/t.ts'
import { AssertionError } from '../../src/util/assert.ts'
import { parseDurationMs, parseSignedDurationMs, parseSizeBytes } from '../../src/util/duration.ts'
import { type FuzzTarget, utf8 } from '../lib/target.ts'

const OPTION_CODES = ['CONFIG_INVALID', 'CONFIG_UNKNOWN_OPTION'] as const

const durations: FuzzTarget = {
  name: 'durations',
  decodes: 'durations and sizes (src/util/duration.ts)',
  codes: ['CONFIG_INVALID'],
  seeds: () => ['30s', '5 m', '-1.5h', '512MB', '2 GiB', '7ms'].map(utf8),
  unsound: () => ['1 constructor', '9e9', `1${'0'.repeat(400)}h`].map(utf8),
  decode(input) {
    const text = input.toString('utf8')
    const all = [parseDurationMs, parseSignedDurationMs, parseSizeBytes].flatMap((parseText) => {
      try {
        return [parseText(text, 'it')]
      } catch (error) {
        return [error]
      }
    })
    const numbers = all.filter((each) => typeof each === 'number')
    if (!numbers.every(Number.isFinite)) throw new AssertionError(`${text} is ${numbers.join()}`)
    if (numbers.length === 0) throw all[0]
    return numbers
  },
}

const configFiles: FuzzTarget = {
  name: 'config-files',
  decodes: 'config files (src/config/load.ts, resolve.ts)',
  codes: OPTION_CODES,
  // The parser of YAML keeps a tree with places for messages.
  heapFactor: 20_000,
  seeds: () => [
    utf8('parallelism: 2\ncheckpointing:\n  interval: 5 s\n  unaligned: always\nmemory: 1GB\n'),
    utf8('{"backend": "rocksdb", "directory": "x", "logLevel": "info"}'),
  ],
  unsound: () => [utf8('a: &a [1, 2]\nb: *a\n? {x: 1}\n: |\n  text\n')],
  decode(input) {
    const content = parseYaml(input.toString('utf8'), 'millrace.config.yaml', parse)
    if (typeof content !== 'object' || content === null) return undefined
    return resolveOptions([layerFromObject('file', 'millrace.config.yaml', content)], 2 ** 32)
      .values
  },
}

/** Lines of `key=value`, as flags and variables give them. */
const options: FuzzTarget = {
  name: 'options',
  decodes: 'options as text (src/config/values.ts)',
  codes: OPTION_CODES,
  seeds: () => [utf8('parallelism=2\ncheckpointing.interval=5 s\nmemory=1GB\nlogLevel=debug')],
  unsound: () => [
    ...OPTION_KEYS.map((key) => utf8(`${key}=1`)),
    ...OPTION_KEYS.map((key) => utf8(`${key}=a=b,c=d`)),
  ],
  decode(input) {
    const given = input
      .toString('utf8')
      .split('\n')
      .map((line) => {
        const at = Math.max(0, line.indexOf('='))
        return { key: line.slice(0, at), text: line.slice(at + 1), origin: 'a flag' }
      })
    const layer = layerFromText('run', given)
    for (const [key, { value }] of layer.values) {
      const again = parseOptionValue(key, formatOptionValue(key, value), 'itself')
      if (JSON.stringify(again) !== JSON.stringify(value)) {
        throw new AssertionError(`${key}: ${JSON.stringify(value)} is shown as something else`)
      }
    }
    return resolveOptions([layer], 2 ** 32).values
  },
}

const commandLines: FuzzTarget = {
  name: 'command-lines',
  decodes: 'command lines (src/cli/parse.ts)',
  codes: ['CLI_USAGE'],
  seeds: () =>
    [
      ['run', 'job.ts', '--parallelism', '2', '--param', 'a=b', '--json'],
      ['checkpoint', 'ls', 'dir', '--json'],
      ['stop', 'job', '--savepoint=x', '--drain'],
    ].map((words) => utf8(words.join('\n'))),
  decode(input) {
    const words = input.toString('utf8').split('\n')
    const { command, length } = findCommand(COMMANDS, words)
    const { positionals, json: isJson } = parseInvocation(command, words.slice(length))
    return [command.name, positionals, isJson]
  },
}

const PARAMS = {
  text: t.string,
  count: t.optional(t.int32),
  big: t.optional(t.int64),
  when: t.optional(t.timestamp),
  day: t.optional(t.date),
  list: t.optional(t.list(t.string)),
  any: t.optional(t.json()),
  either: t.optional(t.union(t.int32, t.enum('a'), t.nullable(t.boolean))),
  free: t.optional(t.dynamic<unknown>()),
  raw: t.optional(t.bytes),
}

const params: FuzzTarget = {
  name: 'params',
  decodes: 'parameters of jobs (src/graph/params.ts)',
  codes: ['JOB_PARAM_INVALID', 'JOB_PARAM_UNKNOWN', 'JOB_PARAM_MISSING'],
  seeds: () => [
    utf8('text=a\ncount=5\nbig=9\nwhen=2026-01-01\nday=2026-01-01\nlist=["a"]\nany={"a":1}'),
    utf8('text=a\neither=null\nfree=[1]\nraw=YQ=='),
  ],
  unsound: () => [utf8('__proto__=a\ntext=b')],
  decode(input) {
    const pairs = input
      .toString('utf8')
      .split('\n')
      .map((line): [string, string] => {
        const at = Math.max(0, line.indexOf('='))
        return [line.slice(0, at), line.slice(at + 1)]
      })
    const parsed = parseParams({ name: 'job', params: PARAMS }, Object.fromEntries(pairs))
    // The same again, for it is parsed by master and workers.
    return parseParams({ name: 'job', params: PARAMS }, parsed)
  },
}

const KEY_TYPES = [
  t.string,
  t.int32,
  t.int64,
  t.date,
  t.bytes,
  t.tuple(t.string, t.int32),
  t.struct({ a: t.string, b: t.optional(t.int64) }),
  t.nullable(t.float64),
  t.dynamic(),
]

/** The first byte chooses the type. */
const keyTexts: FuzzTarget = {
  name: 'key-texts',
  decodes: 'keys as people type them (src/types/key-from-text.ts)',
  codes: ['TYPE_MISMATCH'],
  seeds: () =>
    ['a', '5', '9', '2026-01-01', 'YQ==', '["a",1]', '{"a":"b","b":"7"}', 'null', '[1]'].map(
      (text, index) => utf8(`${String.fromCharCode(index)}${text}`),
    ),
  decode(input) {
    const type = KEY_TYPES[(input[0] ?? 0) % KEY_TYPES.length]
    const key = keyFromText(input.toString('utf8', 1), type?.schema)
    return JSON.stringify(plainValue(key))
  },
}

export const settingTargets: readonly FuzzTarget[] = [
  durations,
  configFiles,
  options,
  commandLines,
  params,
  keyTexts,
]
