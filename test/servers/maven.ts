// Jars of a real server, fetched once by the machine's own Maven into the user's cache.
import { join } from 'node:path'
import { buildJava, type Jars } from '../../scripts/lib/maven.ts'

/**
 * The jars that `<name>.pom.xml` beside this file names, and `<starter>.java`, compiled.
 *
 * @throws if Maven or Java is missing or fails, or the signal aborts.
 */
export function jarsOf(name: string, signal: AbortSignal, starter?: string): Promise<Jars> {
  const pom = join(import.meta.dirname, `${name}.pom.xml`)
  const sources = starter === undefined ? [] : [join(import.meta.dirname, `${starter}.java`)]
  return buildJava('millrace-servers', { name, pom, sources }, signal)
}
