/**
 * Where a module lies that another thread is to load: as TypeScript when run from the sources and
 * as JavaScript when built. `tsc` does not rewrite URLs, so this one file chooses the extension.
 *
 * @param from `import.meta.url` of a file beside it
 * @param name of the module, without extension
 */
export function entryUrl(from: string, name: string): URL {
  return new URL(`./${name}.${from.endsWith('.ts') ? 'ts' : 'js'}`, from)
}
