/**
 * A planted bug: a slip that engineers make, as a patch of one place of the production code. It is
 * applied while the module is loaded, never on disk. The text must be there exactly once, so a
 * refactoring that moves the code takes the bug along, and no bug rots unnoticed.
 */

export interface PlantedBug {
  /** In words with hyphens; unique. */
  readonly name: string
  /** What a user of the engine would see sooner or later. */
  readonly symptom: string
  /** From the root of the repository. */
  readonly file: string
  /** Exact text of the sound source. */
  readonly find: string
  /** What stands there instead. */
  readonly replace: string
  /** Why the simulator does not find it, if it does not. */
  readonly uncaught?: string
}

/** The source with the bug in it. Throws unless its place is there exactly once. */
export function planted(source: string, { name, file, find, replace }: PlantedBug): string {
  const parts = source.split(find)
  if (parts.length !== 2) {
    const found = parts.length - 1
    throw new Error(`planted bug "${name}": its text is ${found} times in ${file}, not once`)
  }
  return parts.join(replace)
}
