// The inputs that are kept: `corpus/<target>/` has some that led into code that no seed leads into,
// `regressions/<target>/` those that once were findings. Both are replayed by `npm test`.
import type { Buffer } from 'node:buffer'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
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

/** All targets together: 200 KB. */
const KEPT_BYTES_MAX = 3_000
const KEPT_INPUT_BYTES_MAX = 600

/** Makes the corpus of a target some small ones of the inputs that searches have found. */
export function keepSome(target: FuzzTarget): void {
  const found = inputsIn(join(folder, '.found', target.name, 'corpus'))
  const small = found
    .filter(({ bytes }) => bytes.length <= KEPT_INPUT_BYTES_MAX)
    .toSorted((a, b) => a.bytes.length - b.bytes.length)
  if (small.length === 0) return
  const total = small.reduce((sum, { bytes }) => sum + bytes.length, 0)
  const step = Math.max(1, Math.ceil(total / KEPT_BYTES_MAX))
  const path = inputFolder('corpus', target)
  rmSync(path, { recursive: true, force: true })
  mkdirSync(path, { recursive: true })
  for (const [at, { name, bytes }] of small.entries()) {
    if (at % step === step - 1) writeFileSync(join(path, basename(name).slice(0, 12)), bytes)
  }
}
