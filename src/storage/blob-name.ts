/**
 * The rule for names of blobs, in one place for all stores: relative, `/`-separated, each part of
 * `[A-Za-z0-9._-]` and not `.` or `..`, so that no name leads out of its store's root. A part with
 * `.tmp-` in it is left to the stores themselves.
 */
import { assert, AssertionError } from '../util/assert.ts'

export const TEMPORARY_MARK = '.tmp-'
const NAME_CHARS_MAX = 512
/** Parts, none of which is a dot or two. */
const NAME = /^(?!\.{1,2}(?:\/|$))[\w.-]{1,200}(?:\/(?!\.{1,2}(?:\/|$))[\w.-]{1,200})*$/

/** Whether a blob may be called so. */
export function isBlobName(name: string): boolean {
  return name.length <= NAME_CHARS_MAX && NAME.test(name) && !name.includes(TEMPORARY_MARK)
}

/** Asserts that a blob may be called so; names are made by Millrace, never taken from outside. */
export function checkBlobName(name: string): void {
  if (isBlobName(name)) return
  throw new AssertionError(`not a name for a blob: ${JSON.stringify(name.slice(0, 100))}`)
}

/** Asserts that `prefix` is empty or a folder with its slash. */
export function checkBlobPrefix(prefix: string): void {
  const sound = prefix === '' || (prefix.endsWith('/') && isBlobName(prefix.slice(0, -1)))
  assert(sound, `not a prefix of blobs: ${JSON.stringify(prefix.slice(0, 100))}`)
}
