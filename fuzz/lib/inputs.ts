// The inputs that are kept: `corpus/<target>/` has some that led into code that no seed leads into,
// `regressions/<target>/` those that once were findings. Both are replayed by `npm test`.
import type { Buffer } from 'node:buffer'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FuzzTarget } from './target.ts'

const folder = join(import.meta.dirname, '..')

export interface Input {
  /** For messages: the file, or the number of the seed. */
  readonly name: string
  readonly bytes: Buffer
}

export function inputFolder(of: 'corpus' | 'regressions', { name }: FuzzTarget): string {
  return join(folder, of, name)
}

/** Of the files in a folder; none if it does not exist. */
export function inputsIn(path: string): readonly Input[] {
  if (!existsSync(path)) return []
  const files = readdirSync(path).toSorted()
  return files.map((name) => ({ name: join(path, name), bytes: readFileSync(join(path, name)) }))
}
