/**
 * The one function that every directory passes that a request over HTTP names. It must lie in one
 * of the folders that the options allow, by a path of plain names, none of which is a link: so no
 * request can have anything written elsewhere, however it spells the place.
 */
import { lstat } from 'node:fs/promises'
import { MillraceError } from '../../errors.ts'
import { folderOf, isLocalDisk } from '../../storage/open.ts'

const DEPTH_MAX = 8
/** No name begins with a dot, so none leads up; no separators, escapes or control characters. */
const NAME = /^[\p{L}\p{N}_]([\p{L}\p{N}._-]{0,126}[\p{L}\p{N}_-])?$/u

/**
 * Where a savepoint may be written that a request asks for.
 *
 * @param given a path below one of `roots`, or relative to the first of them.
 * @param roots absolute paths or URLs.
 * @throws `CONTROL_DENIED` if it lies elsewhere, or leads through a link.
 */
export async function allowedPlace(given: string, roots: readonly string[]): Promise<string> {
  const found = roots.find((root) => given.startsWith(`${root}/`))
  const root = found ?? roots[0] ?? ''
  const names = (found === undefined ? given : given.slice(found.length + 1)).split('/')
  if (root === '' || names.length > DEPTH_MAX || !names.every((name) => NAME.test(name))) {
    throw denied(roots)
  }
  if (!isLocalDisk(root)) return folderOf(root, names)
  let place = root
  for (const name of names) {
    place = `${place}/${name}`
    if (await isLink(place)) throw denied(roots)
  }
  return place
}

async function isLink(path: string): Promise<boolean> {
  return lstat(path).then(
    (found) => found.isSymbolicLink(),
    () => false,
  )
}

function denied(roots: readonly string[]): MillraceError {
  const message = 'savepoints are not written there on request over HTTP'
  const cure = `give a name of letters, digits and _ - . for one in ${roots.join(' or ')}`
  return new MillraceError('CONTROL_DENIED', message, { cure })
}
