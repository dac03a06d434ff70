// `npm run runners`: the harnesses of millrace/testing under other test runners, from the package
// as a user gets it. Not part of the gate: it installs vitest and jest from the registry.
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from './build.ts'
import { install, pack } from './lib/package.ts'
import { root, run, runNpm } from './lib/process.ts'

const folder = await mkdtemp(join(tmpdir(), 'millrace-runners-'))
try {
  await build()
  await install(folder, await pack(root, folder))
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  await runNpm(['install', ...flags, 'vitest@4', 'jest@30'], { cwd: folder })
  await cp(join(root, 'test/runners'), folder, { recursive: true })
  const settings = 'export default { test: { globals: true } }\n'
  await writeFile(join(folder, 'vitest.config.mjs'), settings)
  const bin = (name: string) => join(folder, 'node_modules', name)
  const vitest = [bin('vitest/vitest.mjs'), 'run', '--reporter=dot']
  console.log(await run(process.execPath, vitest, { cwd: folder }))
  const modules = '--experimental-vm-modules'
  const jest = [modules, bin('jest/bin/jest.js'), '--testMatch=**/*.test.mjs']
  await run(process.execPath, jest, { cwd: folder })
  console.log('jest: passed')
} finally {
  await rm(folder, { recursive: true, force: true })
}
