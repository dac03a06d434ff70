// Reasons as rows of a table, for folders of which many are known.
import type { Reason } from './reasons.ts'

/** File, mutator, code, replacement (undefined for any), why; then the line, or how many places. */
export type Row = readonly [
  file: string,
  mutator: string,
  text: string,
  replacement: string | undefined,
  why: string,
  where?: string | number,
]

/** All of one kind. */
export function reasonsOf(
  folder: string,
  rows: readonly Row[],
  kind: Reason['kind'] = 'equivalent',
): readonly Reason[] {
  return rows.map(([file, mutator, text, replacement, why, where]) => ({
    file: `${folder}/${file}.ts`,
    mutator,
    text,
    ...(replacement === undefined ? {} : { replacement }),
    ...(typeof where === 'string' ? { line: where } : {}),
    ...(typeof where === 'number' ? { places: where } : {}),
    kind,
    why,
  }))
}
