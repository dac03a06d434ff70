// How numbers and tables look.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatBytes, formatCount, formatDuration, formatTime } from '../../src/cli/format.ts'
import { tableLines } from '../../src/cli/table.ts'

test('counts and bytes have three digits that matter', () => {
  const counts = [0, 7, 999, 1000, 1234, 99_950, 3_456_789, 1e13].map(formatCount)
  assert.deepEqual(counts, ['0', '7', '999', '1 k', '1.23 k', '100 k', '3.46 M', '10 T'])
  const bytes = [0, 1023, 1024, 1536, 5 * 1024 ** 3].map(formatBytes)
  assert.deepEqual(bytes, ['0 B', '1023 B', '1 KiB', '1.5 KiB', '5 GiB'])
})

test('durations have one or two units', () => {
  const durations = [0, 0.34, 12.6, 999, 1_500, 59_900, 60_000, 303_000, 7_500_000, 2e8]
  assert.deepEqual(durations.map(formatDuration), [
    '0 ms',
    '0.3 ms',
    '13 ms',
    '999 ms',
    '1.5 s',
    '59.9 s',
    '1 min',
    '5 min 3 s',
    '2 h 5 min',
    '2 d 7 h',
  ])
})

test('times are local and to the second', () => {
  assert.equal(formatTime(new Date(2026, 0, 2, 3, 4, 5).getTime()), '2026-01-02 03:04:05')
})

const columns = [
  { title: 'NAME', value: (row: readonly string[]) => row[0] ?? '', flexible: true },
  { title: 'SIZE', value: (row: readonly string[]) => row[1] ?? '', align: 'right' },
] as const

test('columns are aligned, numbers to the right', () => {
  const lines = tableLines(
    columns,
    [
      ['a', '1'],
      ['longer name', '12345'],
    ],
    undefined,
  )
  assert.deepEqual(lines, ['NAME          SIZE', 'a                1', 'longer name  12345'])
})

test('a table wider than the terminal gives way in its flexible column', () => {
  const lines = tableLines(columns, [['a very long name that goes on', '12345']], 20)
  assert.deepEqual(lines, ['NAME            SIZE', 'a very long …  12345'])
})

test('line breaks in cells do not break the table', () => {
  assert.equal(tableLines(columns, [['a\n  b', '1']], undefined).length, 2)
})
