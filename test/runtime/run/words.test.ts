// Lines as bytes in whole jobs: the output is that of strings, in one worker and in two.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { run } from 'millrace'
import { linesOf, placeFor } from './helpers.ts'

const module = new URL('./words-job.ts', import.meta.url)

/** Words of all kinds in lines of both ends; some bytes are no text. */
function writeInput(folder: string): void {
  mkdirSync(folder)
  const vocabulary = ['to', 'be', 'é', '漢字', '😀', '\ufffd', 'x'.repeat(30), '\xff', '\u0001']
  for (let file = 0; file < 3; file++) {
    const lines = Array.from({ length: 500 }, (_, line) => {
      const of = (step: number) => vocabulary[(line * step + file) % vocabulary.length] ?? ''
      return `${of(1)} ${of(5)}\u00a0\t${of(7)}${line % 3 === 0 ? '\r' : ''}`
    })
    const bytes = Buffer.from(lines.join('\n'))
    for (let at = 100; at < bytes.length; at += 701) if (bytes[at] !== 10) bytes[at] = 0xe2
    writeFileSync(join(folder, `${file}.txt`), bytes)
  }
}

describe('counts of words that come as bytes', () => {
  for (const parallelism of [1, 2]) {
    it(`are those of strings at parallelism ${parallelism}`, async (context) => {
      const place = placeFor(context)
      const input = join(place.directory, 'input')
      writeInput(input)
      const outputs: string[][] = []
      for (const builtIn of [true, false]) {
        const output = join(place.directory, builtIn ? 'bytes' : 'strings')
        const directory = join(place.directory, `jobs-${builtIn}`)
        const params = { input, output, builtIn }
        const handle = await run(module, { ...place.options, directory, params, parallelism })
        assert.equal((await handle.finished).outcome, 'finished')
        outputs.push(linesOf(output).toSorted())
      }
      assert.ok((outputs[0]?.length ?? 0) > 4_000)
      assert.deepEqual(outputs[0], outputs[1])
    })
  }
})
