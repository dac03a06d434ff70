/** Packages that only some storages need: loaded when the first of these is opened. */
import { createRequire } from 'node:module'
import { MillraceError, messageOf } from '../../errors.ts'

/**
 * @param scheme of the storage, for the message.
 * @throws `PACKAGE_UNAVAILABLE` if it is not installed, or does not load.
 */
export function loadPackage(name: string, scheme: string): unknown {
  const require = createRequire(import.meta.url)
  try {
    return require(name)
  } catch (error) {
    const missing = messageOf(error).includes(`Cannot find module '${name}'`)
    throw new MillraceError(
      'PACKAGE_UNAVAILABLE',
      missing
        ? `storage on ${scheme}: needs the package ${name}, which is not installed`
        : `the package ${name} does not load`,
      { cause: error, cure: `run \`npm install ${name}\`` },
    )
  }
}
