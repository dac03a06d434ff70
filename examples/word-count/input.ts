// The input of `npm start`: one file, and many names for it, so that the book can be read many
// times without being there many times. The folder appears whole or not at all. While a run is
// unfinished it stays, so that a run that was killed finds the input it had.
import { copyFile, link, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { UsageError, passesDefault } from './arguments.ts'
import { writeBook } from './book.ts'

export interface Input {
  readonly folder: string
  readonly passes: number
  /** False: it was there, from a run that did not come to its end. */
  readonly isNew: boolean
}

export interface InputRequest {
  readonly folder: string
  readonly passes: number | undefined
  readonly fresh: boolean
}

/** Finds the input of an unfinished run, or makes a new one. */
export async function prepareInput({ folder, passes, fresh }: InputRequest): Promise<Input> {
  const found = fresh ? 0 : await countFiles(folder)
  if (found === 0) return makeInput(folder, passes ?? passesDefault)
  if (passes === undefined || passes === found) return { folder, passes: found, isNew: false }
  throw new UsageError(
    `the unfinished run reads the book ${found} times, not ${passes} times; ` +
      'leave out --passes to finish it, or begin again with --fresh',
  )
}

export async function makeInput(folder: string, passes: number): Promise<Input> {
  const unfinished = `${folder}.unfinished`
  await rm(unfinished, { recursive: true, force: true })
  const book = await writeBook(unfinished)
  const digits = String(passes).length
  for (let pass = 2; pass <= passes; pass++) {
    await sameFile(book.path, join(unfinished, `book-${String(pass).padStart(digits, '0')}.txt`))
  }
  await rm(folder, { recursive: true, force: true })
  await mkdir(join(folder, '..'), { recursive: true })
  await rename(unfinished, folder)
  return { folder, passes, isNew: true }
}

/** A second name for the file, or a copy where the file system has no links. */
async function sameFile(path: string, other: string): Promise<void> {
  try {
    await link(path, other)
  } catch {
    await copyFile(path, other)
  }
}

async function countFiles(folder: string): Promise<number> {
  try {
    return (await readdir(folder)).length
  } catch {
    return 0
  }
}
