// Options: precedence, origins, types of values, and what wrong names and values get.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { loadMachineLayers, loadOptions } from '../../src/config/load.ts'
import { machineMemoryBytes } from '../../src/util/machine-memory.ts'
import { environmentName, OPTION_KEYS, OPTIONS } from '../../src/config/options.ts'
import { layerFromObject, layerFromText, resolveOptions } from '../../src/config/resolve.ts'
import { formatOptionValue, parseOptionValue } from '../../src/config/values.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-config-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const machine = 8 * 1024 ** 3

test('without anything given every option has its default', () => {
  const { values, origins } = resolveOptions([], machine)
  assert.equal(values.parallelism, 1)
  assert.equal(values['checkpointing.interval'], 10_000)
  assert.equal(values['checkpointing.storage'], undefined)
  assert.equal(values.memory, machine / 4)
  assert.ok(OPTION_KEYS.every((key) => origins[key] === 'default'))
})

test('flags win over environment, environment over file, file over code', async () => {
  writeFileSync(
    join(directory, 'millrace.config.yaml'),
    'parallelism: 3\ncheckpointing:\n  keep: 7\n  interval: 3 s\n',
  )
  const given = { parallelism: 2, checkpointing: { keep: 6, interval: '2 s', timeout: '1 min' } }
  const code = layerFromObject('code', 'code', given)
  const flags = layerFromText('run', [{ key: 'parallelism', text: '5', origin: '--parallelism' }])
  const { values, origins } = await loadOptions([flags, code], {
    workingDirectory: directory,
    environment: { MILLRACE_PARALLELISM: '4', MILLRACE_CHECKPOINTING_INTERVAL: '4s', PATH: 'x' },
  })
  assert.deepEqual(
    [values.parallelism, values['checkpointing.interval'], values['checkpointing.keep']],
    [5, 4_000, 7],
  )
  assert.equal(values['checkpointing.timeout'], 60_000)
  assert.equal(origins.parallelism, '--parallelism')
  assert.equal(origins['checkpointing.interval'], 'environment MILLRACE_CHECKPOINTING_INTERVAL')
  assert.equal(origins['checkpointing.keep'], 'millrace.config.yaml')
  assert.equal(origins['checkpointing.timeout'], 'code')
})

test('a TypeScript config file is found and read', async () => {
  const text = "const interval: string = '5 s'\nexport default { checkpointing: { interval } }\n"
  writeFileSync(join(directory, 'millrace.config.ts'), text)
  const { values } = await loadOptions([], { workingDirectory: directory, environment: {} })
  assert.equal(values['checkpointing.interval'], 5_000)
})

test('MILLRACE_CONFIG and --config name the file, and it must exist', async () => {
  writeFileSync(join(directory, 'other.yml'), 'batchRecords: 9\n')
  const environment = { MILLRACE_CONFIG: 'other.yml' }
  const { values } = await loadOptions([], { workingDirectory: directory, environment })
  assert.equal(values.batchRecords, 9)
  await assert.rejects(
    loadMachineLayers({ workingDirectory: directory, environment: {}, configFile: 'no.yml' }),
    { code: 'CONFIG_INVALID', message: /no config file .*no\.yml/ },
  )
})

test('an unknown key names the nearest right one', () => {
  assert.throws(() => layerFromObject('code', 'code', { paralelism: 2 }), {
    code: 'CONFIG_UNKNOWN_OPTION',
    cure: 'did you mean parallelism?',
  })
  assert.throws(() => layerFromObject('code', 'code', { checkpointing: { intervall: 2 } }), {
    code: 'CONFIG_UNKNOWN_OPTION',
    cure: 'did you mean checkpointing.interval?',
  })
  const typo = [{ key: 'checkpointing.min-pause', text: '1s', origin: '--set' }]
  assert.throws(() => layerFromText('run', typo), { cure: 'did you mean checkpointing.minPause?' })
})

test('an unknown MILLRACE_ variable names the nearest right one', async () => {
  const environment = { MILLRACE_PARALLELISMS: '2' }
  await assert.rejects(loadMachineLayers({ workingDirectory: directory, environment }), {
    code: 'CONFIG_UNKNOWN_OPTION',
    cure: 'did you mean MILLRACE_PARALLELISM?',
  })
})

test('a value of the wrong type says where it came from', async () => {
  const environment = { MILLRACE_PARALLELISM: 'two' }
  await assert.rejects(loadMachineLayers({ workingDirectory: directory, environment }), {
    code: 'CONFIG_INVALID',
    message: /parallelism \(from environment MILLRACE_PARALLELISM\).*"two".*whole number from 1/,
  })
  assert.throws(() => layerFromObject('run', 'run()', { logLevel: 'inof' }), {
    cure: 'did you mean info?',
  })
  assert.throws(() => layerFromObject('code', 'code', { checkpointing: 5 }), /holds options/)
  assert.throws(() => parseOptionValue('checkpointing.interval', '1 ms', 'x'), {
    cure: /at least 10 ms/,
  })
})

test('what decides over one start only cannot stay set in a file or variable', async () => {
  writeFileSync(join(directory, 'millrace.config.yml'), 'fresh: true\n')
  await assert.rejects(loadMachineLayers({ workingDirectory: directory, environment: {} }), {
    code: 'CONFIG_INVALID',
    message: /fresh cannot be set in millrace.config.yml/,
  })
})

test('options that contradict each other are refused', () => {
  const flags = (object: object) => [layerFromObject('run', 'run()', object)]
  assert.throws(
    () => resolveOptions(flags({ parallelism: 64, maxParallelism: 32 }), machine),
    /above/,
  )
  assert.throws(() => resolveOptions(flags({ fresh: true, from: 'latest' }), machine), /exclude/)
})

test('broken config files are coded errors that name the file', async () => {
  const load = () => loadMachineLayers({ workingDirectory: directory, environment: {} })
  const path = join(directory, 'millrace.config.yaml')
  for (const text of ['a: [1', '- 1\n', '"text"']) {
    writeFileSync(path, text)
    await assert.rejects(load(), { code: 'CONFIG_INVALID', message: /millrace\.config\.yaml: it/ })
  }
  writeFileSync(path, '# nothing\n')
  assert.equal((await load()).length, 2)
  writeFileSync(join(directory, 'millrace.config.mjs'), 'export const a = 1\n')
  await assert.rejects(load(), { code: 'CONFIG_INVALID', message: /no default export/ })
})

test("in code a backend is an object, and its name is the option's value", () => {
  const backend = { name: 'mine', create: () => undefined }
  const { values } = resolveOptions([layerFromObject('code', 'code', { backend })], machine)
  assert.equal(values.backend, 'mine')
  assert.throws(() => layerFromObject('code', 'code', { backend: 'mine' }), /not one of auto/)
})

test('every default can be written down and read again', () => {
  for (const key of OPTION_KEYS) {
    const value = OPTIONS[key].default
    if (value === undefined || key === 'memory') continue
    assert.deepEqual(parseOptionValue(key, formatOptionValue(key, value), 'test'), value)
  }
  assert.equal(formatOptionValue('checkpointing.interval', 90_000), '90 s')
  assert.equal(formatOptionValue('memory', 1536 * 1024 ** 2), '1536 MiB')
})

test('names and renames are lists and objects in code, and text elsewhere', () => {
  assert.deepEqual(parseOptionValue('drop', 'a.b, c', 'test'), ['a.b', 'c'])
  assert.deepEqual(parseOptionValue('drop', ['a.b', 'c'], 'test'), ['a.b', 'c'])
  const renamed = { new: 'old', 'new.x': 'new.y' }
  assert.deepEqual(parseOptionValue('renamed', renamed, 'test'), renamed)
  assert.deepEqual(parseOptionValue('renamed', 'new=old, new.x=new.y', 'test'), renamed)
  assert.equal(formatOptionValue('renamed', renamed), 'new=old,new.x=new.y')
  for (const value of [[1], 3, ['']]) {
    assert.throws(() => parseOptionValue('drop', value, 'test'), { code: 'CONFIG_INVALID' })
  }
  for (const value of ['new', { a: 1 }, { a: '' }, null]) {
    assert.throws(() => parseOptionValue('renamed', value, 'test'), { code: 'CONFIG_INVALID' })
  }
})

test('environment names are distinct and follow the keys', () => {
  assert.equal(environmentName('checkpointing.minPause'), 'MILLRACE_CHECKPOINTING_MIN_PAUSE')
  assert.equal(new Set(OPTION_KEYS.map(environmentName)).size, OPTION_KEYS.length)
})

test('the memory of the machine is a sensible number', () => {
  assert.ok(machineMemoryBytes() > 64 * 1024 ** 2 && machineMemoryBytes() < 2 ** 50)
})
