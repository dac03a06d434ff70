// Reads coverage in the lcov format: lines of `KEY:value`, a record per source file that begins
// with `SF:` and ends with `end_of_record`. Only the sums are taken.

export interface Share {
  readonly found: number
  readonly reached: number
}

/** Of a file or folder. */
export interface Covered {
  readonly lines: Share
  readonly branches: Share
  readonly functions: Share
}

/** By the folder of each file, in the order of their names. */
export function coverageByFolder(lcov: string): ReadonlyMap<string, Covered> {
  const byFolder = new Map<string, Covered[]>()
  for (const record of lcov.split('end_of_record')) {
    const path = /^SF:(.*)$/m.exec(record)?.[1]
    if (path === undefined) continue
    const folder = path.slice(0, path.lastIndexOf('/'))
    const number = (key: string) =>
      Number(new RegExp(`^${key}:(\\d+)$`, 'm').exec(record)?.[1] ?? 0)
    const covered = {
      lines: { found: number('LF'), reached: number('LH') },
      branches: { found: number('BRF'), reached: number('BRH') },
      functions: { found: number('FNF'), reached: number('FNH') },
    }
    byFolder.set(folder, [...(byFolder.get(folder) ?? []), covered])
  }
  const folders = [...byFolder].map(([folder, files]) => [folder, sumOf(files)] as const)
  return new Map(folders.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

export function sumOf(parts: readonly Covered[]): Covered {
  const sum = (key: keyof Covered): Share => ({
    found: parts.reduce((total, part) => total + part[key].found, 0),
    reached: parts.reduce((total, part) => total + part[key].reached, 0),
  })
  return { lines: sum('lines'), branches: sum('branches'), functions: sum('functions') }
}
