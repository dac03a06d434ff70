// Java programs of the repository: the jars that a pom.xml names, fetched once by the machine's own
// Maven, and the sources beside it, compiled; kept in the user's cache until either changes.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { run } from './process.ts'

const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'
const TIMEOUT_MS = 1_200_000

/** Where the jars lie, and the compiled classes. */
export interface Jars {
  /** As `java -cp` takes it. */
  readonly classPath: string
}

export interface JavaProgram {
  /** Of the folder in the cache. */
  readonly name: string
  readonly pom: string
  /** Paths; may be none. */
  readonly sources: readonly string[]
}

/**
 * Builds a program, unless that was done before.
 *
 * @param cache a folder's name in the user's cache
 * @throws if Maven or Java is missing or fails, or the signal aborts.
 */
export async function buildJava(
  cache: string,
  { name, pom, sources }: JavaProgram,
  signal?: AbortSignal,
): Promise<Jars> {
  const root = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), cache)
  const hash = createHash('sha256')
  for (const path of [pom, ...sources]) hash.update(readFileSync(path))
  const folder = join(root, `${name}-${hash.digest('hex').slice(0, 12)}`)
  const options = { timeoutMs: TIMEOUT_MS, ...(signal === undefined ? {} : { signal }) }
  if (!existsSync(folder)) {
    mkdirSync(root, { recursive: true })
    const unfinished = mkdtempSync(join(root, `${name}-unfinished-`))
    try {
      const jars = join(unfinished, 'jars')
      const flags = ['-q', '-B', '-f', pom, COPY, '-DincludeScope=runtime']
      await run('mvn', [...flags, `-DoutputDirectory=${jars}`], options)
      if (sources.length > 0) {
        const classes = join(unfinished, 'classes')
        const compile = ['-nowarn', '-proc:none', '-cp', join(jars, '*'), '-d', classes]
        await run('javac', [...compile, ...sources], options)
      }
      // Another process may have been faster.
      if (!existsSync(folder)) renameSync(unfinished, folder)
    } finally {
      rmSync(unfinished, { recursive: true, force: true })
    }
  }
  return { classPath: [join(folder, 'classes'), join(folder, 'jars', '*')].join(delimiter) }
}
