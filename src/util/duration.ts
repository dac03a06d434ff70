/**
 * Durations and sizes as people write them: `'30s'`, `'30 s'`, `'5 m'`, `'512MB'`. Parsed once at
 * the edge; inside the engine there are only milliseconds and bytes.
 */
import { MillraceError } from '../errors.ts'

export type TimeUnit = 'ms' | 's' | 'm' | 'min' | 'h' | 'd'
/** Milliseconds, or text such as `'30s'` or `'30 s'`; a misspelt unit is a compile error. */
export type Duration = number | `${number}${TimeUnit}` | `${number} ${TimeUnit}`

export type SizeUnit = 'B' | 'kB' | 'KB' | 'KiB' | 'MB' | 'MiB' | 'GB' | 'GiB'
/** Bytes, or text such as `'512MB'`; KB, MB and GB are powers of 1024 here, as their iB twins. */
export type Size = number | `${number}${SizeUnit}` | `${number} ${SizeUnit}`

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['min', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
])
const UNIT_BYTES: ReadonlyMap<string, number> = new Map([
  ['b', 1],
  ['k', 1024],
  ['kb', 1024],
  ['kib', 1024],
  ['m', 1024 ** 2],
  ['mb', 1024 ** 2],
  ['mib', 1024 ** 2],
  ['g', 1024 ** 3],
  ['gb', 1024 ** 3],
  ['gib', 1024 ** 3],
])

/** Milliseconds of a duration. Throws `CONFIG_INVALID` naming `what` if it is none. */
export function parseDurationMs(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value
  const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?) ?([a-z]+)$/.exec(value.trim()) : null
  const unitMs = match === null ? undefined : UNIT_MS.get(match[2] ?? '')
  const ms = match === null || unitMs === undefined ? NaN : Number(match[1]) * unitMs
  if (Number.isFinite(ms)) return ms
  throw new MillraceError('CONFIG_INVALID', `${what}: ${JSON.stringify(value)} is no duration`, {
    cure: 'write milliseconds as a number, or text such as "30s", "5 m", "1h"',
  })
}

/** As `parseDurationMs`, and a minus sign goes back in time. */
export function parseSignedDurationMs(value: unknown, what: string): number {
  if (typeof value === 'number' && value < 0) return -parseDurationMs(-value, what)
  const text = typeof value === 'string' ? value.trim() : ''
  return text.startsWith('-') ? -parseDurationMs(text.slice(1), what) : parseDurationMs(value, what)
}

/** Bytes of a size. Throws `CONFIG_INVALID` naming `what` if it is none. */
export function parseSizeBytes(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return Math.floor(value)
  const match =
    typeof value === 'string' ? /^(\d+(?:\.\d+)?) ?([a-z]+)?$/i.exec(value.trim()) : null
  const unitBytes = match === null ? undefined : UNIT_BYTES.get((match[2] ?? 'b').toLowerCase())
  const bytes = match === null || unitBytes === undefined ? NaN : Number(match[1]) * unitBytes
  if (Number.isFinite(bytes)) return Math.floor(bytes)
  throw new MillraceError('CONFIG_INVALID', `${what}: ${JSON.stringify(value)} is no size`, {
    cure: 'write bytes as a number, or text such as "512MB", "2 GiB"',
  })
}
