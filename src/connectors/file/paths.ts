/**
 * Finds the input files: a path names a file, a folder (its direct children, without hidden ones
 * and those that begin with `_`, which mark unfinished output elsewhere) or a glob. Files come in
 * the order of their names, so that every start sees the same order.
 */
import { glob, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MillraceError } from '../../errors.ts'
import { errnoOf, inputFailed } from './errors.ts'

const FILES_MAX = 1_000_000
const GLOB_CHARACTERS = /[*?[\]{}]/

/** The files below all `paths`, each once. With `mayBeNone` a glob need not match anything yet. */
export async function findFiles(
  paths: readonly string[],
  mayBeNone: boolean,
): Promise<readonly string[]> {
  const found = new Set<string>()
  for (const path of paths) {
    for (const file of await filesOf(path, mayBeNone)) found.add(file)
    if (found.size > FILES_MAX) {
      throw new MillraceError('CONFIG_INVALID', `more than ${FILES_MAX} files match ${path}`, {
        cure: 'name fewer files, or put them together',
      })
    }
  }
  return [...found]
}

/** A path as users give it: text or a `file:` URL. */
export function pathText(path: string | URL): string {
  if (path instanceof URL || path.startsWith('file://')) return fileURLToPath(path)
  return path
}

async function filesOf(path: string, mayBeNone: boolean): Promise<readonly string[]> {
  try {
    const info = await stat(path)
    return info.isDirectory() ? await filesInFolder(path) : [path]
  } catch (error) {
    const mayBeGlob = GLOB_CHARACTERS.test(path)
    if (errnoOf(error) !== 'ENOENT' || !mayBeGlob) throw inputFailed('reading', path, error)
  }
  const matches = await filesOfGlob(path)
  if (matches.length > 0 || mayBeNone) return matches
  throw new MillraceError('CONNECTOR_INPUT_MISSING', `no file matches ${path}`, {
    details: { file: path },
  })
}

async function filesInFolder(folder: string): Promise<readonly string[]> {
  const files: string[] = []
  try {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (entry.name.startsWith('.') || entry.name.startsWith('_')) continue
      const path = join(folder, entry.name)
      if (entry.isFile()) files.push(path)
      // A link may lead to a file or to a folder.
      else if (entry.isSymbolicLink() && (await stat(path)).isFile()) files.push(path)
    }
  } catch (error) {
    throw inputFailed('reading the folder', folder, error)
  }
  return files.toSorted(byName)
}

async function filesOfGlob(pattern: string): Promise<readonly string[]> {
  const files: string[] = []
  try {
    for await (const path of glob(pattern)) {
      if ((await stat(path)).isFile()) files.push(path)
    }
  } catch (error) {
    throw inputFailed('searching', pattern, error)
  }
  return files.toSorted(byName)
}

/** By code units: the same on every machine, whatever its language. */
function byName(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
