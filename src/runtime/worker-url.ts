/**
 * Where the worker's entry lies: beside this file, as TypeScript when run from the sources and as
 * JavaScript when built. `tsc` does not rewrite URLs, so this one file chooses the extension.
 */

export function workerThreadUrl(): URL {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  return new URL(`./worker-thread.${extension}`, import.meta.url)
}
