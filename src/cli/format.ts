/** Numbers as people read them at a terminal. */

/** `1.2 k`, `3.45 M`: three digits that matter. */
export function formatCount(count: number): string {
  return scaled(count, 1000, ['', ' k', ' M', ' G', ' T'])
}

/** `512 B`, `1.5 MiB`. */
export function formatBytes(bytes: number): string {
  return scaled(bytes, 1024, [' B', ' KiB', ' MiB', ' GiB', ' TiB'])
}

/** `12 ms`, `3.4 s`, `5 min 3 s`, `2 h 5 min`, `3 d 4 h`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 1_000)
    return `${durationMs < 10 ? trimmed(durationMs, 1) : Math.round(durationMs)} ms`
  if (durationMs < 60_000) return `${trimmed(durationMs / 1000, 1)} s`
  const parts: readonly (readonly [number, string])[] = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1_000, 's'],
  ]
  const first = parts.findIndex(([size]) => durationMs >= size)
  let rest = durationMs
  const shown: string[] = []
  for (const [size, unit] of parts.slice(first, first + 2)) {
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count > 0) shown.push(`${count} ${unit}`)
  }
  return shown.join(' ')
}

/** Local date and time to the second. */
export function formatTime(timeMs: number): string {
  const time = new Date(timeMs)
  const two = (part: number): string => String(part).padStart(2, '0')
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`
  return `${date} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`
}

function scaled(value: number, step: number, units: readonly string[]): string {
  let rest = value
  let unit = 0
  while (rest >= step * 0.9995 && unit < units.length - 1) {
    rest /= step
    unit++
  }
  const digits = unit === 0 || rest >= 100 ? 0 : rest >= 10 ? 1 : 2
  return trimmed(rest, digits) + (units[unit] ?? '')
}

/** Rounded to `digits`, without zeros at the end of the fraction. */
function trimmed(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)))
}
