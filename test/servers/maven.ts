// Jars of a real server, fetched once by the machine's own Maven into the user's cache.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { execute } from './process.ts'

const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'

const cacheRoot = join(
  process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  'millrace-servers',
)

/** Where the jars of a server lie, and the compiled classes of its starter. */
export interface Jars {
  /** As `java -cp` takes it. */
  readonly classPath: string
}

/**
 * The jars that `<name>.pom.xml` beside this file names, and `<starter>.java`, compiled.
 *
 * @throws if Maven or Java is missing or fails, or the signal aborts.
 */
export async function jarsOf(name: string, signal: AbortSignal, starter?: string): Promise<Jars> {
  const pom = join(import.meta.dirname, `${name}.pom.xml`)
  const source = starter === undefined ? undefined : join(import.meta.dirname, `${starter}.java`)
  const hash = createHash('sha256').update(readFileSync(pom))
  if (source !== undefined) hash.update(readFileSync(source))
  const folder = join(cacheRoot, `${name}-${hash.digest('hex').slice(0, 12)}`)
  if (!existsSync(folder)) {
    mkdirSync(cacheRoot, { recursive: true })
    const unfinished = mkdtempSync(join(cacheRoot, `${name}-unfinished-`))
    try {
      const jars = join(unfinished, 'jars')
      const flags = ['-q', '-B', '-f', pom, COPY, '-DincludeScope=runtime']
      await execute('mvn', [...flags, `-DoutputDirectory=${jars}`], signal)
      if (source !== undefined) {
        const classes = join(unfinished, 'classes')
        const compile = ['-nowarn', '-proc:none', '-cp', `${jars}/*`, '-d', classes, source]
        await execute('javac', compile, signal)
      }
      // Another test may have been faster.
      if (!existsSync(folder)) renameSync(unfinished, folder)
    } finally {
      rmSync(unfinished, { recursive: true, force: true })
    }
  }
  return { classPath: `${join(folder, 'classes')}:${join(folder, 'jars')}/*` }
}
