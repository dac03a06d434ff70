// Command lines that are wrong, help, versions: texts, exit codes, and that the table of commands
// is complete.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { COMMANDS } from '../../src/cli/commands.ts'
import { EXIT_CODES } from '../../src/cli/exit-codes.ts'
import { commandHelp } from '../../src/cli/help.ts'
import { findCommand, parseInvocation } from '../../src/cli/parse.ts'
import { wantsColor } from '../../src/cli/terminal.ts'
import { VERSION } from '../../src/util/version.ts'
import { perform, start, temporaryFolder } from './cli.ts'

const folder = temporaryFolder()
after(() => folder.remove())
const cli = (...args: string[]) => perform(folder.path, args)

test('the real program shows help and version, and reports a mistake with 2', async () => {
  const [help, version, mistake] = await Promise.all([
    start(folder.path, ['--help']).ended,
    start(folder.path, ['--version']).ended,
    start(folder.path, ['rnu']).ended,
  ])
  assert.equal(help.code, 0)
  assert.match(help.out, /run <job\.ts>/)
  assert.deepEqual([version.code, version.out], [0, `${VERSION}\n`])
  assert.deepEqual([mistake.code, mistake.out], [2, ''])
  assert.match(mistake.err, /did you mean millrace run\?/)
})

test('without any word the overview is shown as a mistake', async () => {
  const { code, out, err } = await cli()
  assert.deepEqual([code, out], [2, ''])
  assert.match(err, /Usage: millrace <command>/)
})

test('every command has help with its flags, examples and exit codes', async () => {
  for (const command of COMMANDS) {
    const words = command.name.split(' ')
    const { code, out } = await cli(...words, '--help')
    assert.equal(code, 0)
    assert.equal(out, commandHelp(command))
    assert.equal((await cli('help', ...words)).out, out)
    assert.match(out, new RegExp(`Usage: millrace ${command.name}`))
    assert.match(out, /Flags\n[\s\S]*--json[\s\S]*Examples\n {2}# [\s\S]*Exit codes\n {2}0 /)
    for (const line of out.split('\n')) assert.ok(line.length <= 100, line)
  }
})

test('the examples in help are command lines that parse', () => {
  for (const { examples } of COMMANDS) {
    for (const { command } of examples) {
      const [program, ...words] = command.split(' ')
      assert.equal(program, 'millrace')
      const found = findCommand(COMMANDS, words)
      parseInvocation(found.command, words.slice(found.length))
    }
  }
})

test('a wrong word names the nearest command', async () => {
  for (const [args, cure] of [
    [['lst'], 'did you mean millrace list?'],
    [['savepiont', 'x'], 'did you mean millrace savepoint?'],
    [['checkpoint', 'verfy', 'x'], 'did you mean millrace checkpoint verify?'],
    [['checkpoint'], 'it is the name of a running job'],
    [['frobnicate'], 'see `millrace --help`'],
  ] as const) {
    const { code, err } = await cli(...args)
    assert.equal(code, 2)
    assert.ok(err.includes(cure), err)
  }
})

test('wrong flags, missing and superfluous words say what is right', async () => {
  for (const [args, said] of [
    [['run', 'job.ts', '--paralelism', '2'], /did you mean --parallelism\?/],
    [['run', 'job.ts', '--parallelism'], /--parallelism needs a value/],
    [['run', 'job.ts', '--parallelism', '--fresh'], /--parallelism needs a value/],
    [['run', 'job.ts', '--fresh=yes'], /--fresh takes no value/],
    [['run', 'job.ts', '--memory', '1GB', '--memory', '2GB'], /--memory is given twice/],
    [['run'], /<job\.ts> is missing[\s\S]*module whose default export/],
    [['run', 'a.ts', 'b.ts'], /"b\.ts" is too much/],
    [['run', 'a.ts', '--set', 'parallelism'], /write --set name=value/],
    [
      ['run', 'a.ts', '--set', 'checkpointing.intervall=1s'],
      /did you mean checkpointing\.interval/,
    ],
    [['run', 'a.ts', '--parallelism', 'two'], /parallelism \(from --parallelism\).*"two"/],
    [['list', '--param', 'a=b'], /there is no flag --param/],
  ] as const) {
    const { code, out, err } = await cli(...args)
    assert.deepEqual([code, out], [2, ''], args.join(' '))
    assert.match(err, said)
  }
})

test('with --json an error is an object on stdout', async () => {
  const { code, out, err } = await cli('stop', 'words', '--json')
  assert.deepEqual([code, err], [EXIT_CODES.absent[0], ''])
  const { error } = JSON.parse(out) as { error: Record<string, unknown> }
  assert.equal(error['code'], 'CONTROL_UNREACHABLE')
  assert.match(String(error['message']), /no job words runs/)
  assert.match(String(error['cure']), /millrace list/)
  assert.equal(error['stack'], undefined)
})

test('exit codes are distinct', () => {
  const codes = Object.values(EXIT_CODES).map(([code]) => code)
  assert.equal(new Set(codes).size, codes.length)
})

test('colours follow the terminal, NO_COLOR and FORCE_COLOR', () => {
  assert.equal(wantsColor({}, true), true)
  assert.equal(wantsColor({}, false), false)
  assert.equal(wantsColor({ NO_COLOR: '1' }, true), false)
  assert.equal(wantsColor({ NO_COLOR: '1', FORCE_COLOR: '1' }, true), false)
  assert.equal(wantsColor({ FORCE_COLOR: '1' }, false), true)
  assert.equal(wantsColor({ FORCE_COLOR: '0' }, true), false)
  assert.equal(wantsColor({ TERM: 'dumb' }, true), false)
})
