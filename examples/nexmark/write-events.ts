// Writes generated events into a file, a portion at a time.
import { open } from 'node:fs/promises'
import { formatEvent } from './format.ts'
import { type GeneratorOptions, nexmarkEvent } from './generator.ts'

const portion = 10_000

export async function writeEvents(
  path: string,
  count: number,
  options: GeneratorOptions,
): Promise<void> {
  await using file = await open(path, 'w')
  for (let from = 0; from < count; from += portion) {
    let text = ''
    for (let index = from; index < Math.min(count, from + portion); index++) {
      text += `${formatEvent(nexmarkEvent(index, options))}\n`
    }
    await file.appendFile(text)
  }
}
