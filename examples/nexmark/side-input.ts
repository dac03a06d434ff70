// The table that q13 looks bids up in: for each number below ten thousand that number as text.
export const sideInputRows = 10_000

export function sideInput(): ReadonlyMap<number, string> {
  return new Map(Array.from({ length: sideInputRows }, (_, key) => [key, String(key)]))
}
