// Numbers as people read them.

export function count(value: number): string {
  return Math.round(value).toLocaleString('en')
}

/** `3.21 M`, `540 k`. */
export function short(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toPrecision(3)} M`
  if (value >= 1e3) return `${(value / 1e3).toPrecision(3)} k`
  return String(Math.round(value))
}

export function bytes(value: number): string {
  if (value >= 1024 ** 2) return `${(value / 1024 ** 2).toFixed(1)} MiB`
  if (value >= 1024) return `${(value / 1024).toFixed(1)} KiB`
  return `${value} B`
}

export function milliseconds(value: number): string {
  if (value >= 10_000) return `${(value / 1000).toFixed(1)} s`
  if (value >= 100) return `${value.toFixed(0)} ms`
  return `${value.toFixed(value >= 10 ? 1 : 2)} ms`
}
