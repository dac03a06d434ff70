// Packages that one long form needs alone: they have a package.json and a lockfile of their own in
// its folder, so that the `npm ci` of the project passes them over.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, runNpm } from './process.ts'

const FLAGS = ['--workspaces=false', '--ignore-scripts', '--no-audit', '--no-fund']

/**
 * Installs what the lockfile of a folder says, unless that was done before.
 *
 * @param folder of the repository
 * @param what is said while it is being done
 */
export async function installIn(folder: string, what: string): Promise<void> {
  const wanted = readFileSync(join(root, folder, 'package-lock.json'), 'utf8')
  const stamp = join(root, folder, 'node_modules/.installed')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  console.error(`installing ${what} into ${folder}/node_modules …`)
  await runNpm(['ci', ...FLAGS, '--loglevel=error'], { cwd: join(root, folder) })
  writeFileSync(stamp, wanted)
}
