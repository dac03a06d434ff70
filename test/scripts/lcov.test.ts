import assert from 'node:assert/strict'
import { test } from 'node:test'
import { coverageByFolder, sumOf } from '../../scripts/lib/lcov.ts'

function record(path: string, lines: readonly [found: number, reached: number]): string {
  const sums = `FNF:2\nFNH:1\nBRF:0\nBRH:0\nDA:1,5\nLF:${lines[0]}\nLH:${lines[1]}`
  return `TN:\nSF:${path}\n${sums}\nend_of_record\n`
}

test('the coverage of files is summed by folder', () => {
  const folders = coverageByFolder(
    record('src/b/one.ts', [10, 9]) +
      record('src/a/x.ts', [5, 0]) +
      record('src/b/two.ts', [30, 20]),
  )
  assert.deepEqual([...folders.keys()], ['src/a', 'src/b'])
  assert.deepEqual(folders.get('src/b')?.lines, { found: 40, reached: 29 })
  assert.deepEqual(sumOf([...folders.values()]), {
    lines: { found: 45, reached: 29 },
    branches: { found: 0, reached: 0 },
    functions: { found: 6, reached: 3 },
  })
})
