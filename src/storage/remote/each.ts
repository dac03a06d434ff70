/** Does something to each of many, some at a time. */
export async function eachOf<T>(
  items: readonly T[],
  atOnceMax: number,
  body: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values()
  const one = async (): Promise<void> => {
    for (const item of rest) await body(item)
  }
  await Promise.all(Array.from({ length: Math.min(atOnceMax, items.length) }, one))
}
