/** Where a job's module is: a `file:` URL, from whatever it was given as. */
import { pathToFileURL } from 'node:url'
import { MillraceError } from '../errors.ts'

/** The URL of a module that is given as a URL or as a path from the working directory. */
export function moduleUrl(location: string | URL): URL {
  if (location instanceof URL) return requireFile(location)
  if (/^[a-z][a-z0-9+.-]+:/i.test(location) && !/^[a-z]:[\\/]/i.test(location)) {
    if (URL.canParse(location)) return requireFile(new URL(location))
  }
  return pathToFileURL(location)
}

function requireFile(url: URL): URL {
  if (url.protocol === 'file:') return url
  const message = `a job cannot be loaded from ${url.protocol} (${url.href})`
  throw new MillraceError('JOB_MODULE_INVALID', message, { cure: 'give a file: URL or a path' })
}
