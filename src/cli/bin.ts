#!/usr/bin/env node
/**
 * The `millrace` command. This file is all that a Node that is too old needs to understand, so it
 * imports nothing before it has looked at the version.
 */
const oldestMajor = 24

function unsupported(): string | undefined {
  const { versions } = process
  const other = versions['bun'] === undefined ? versions['deno'] && 'Deno' : 'Bun'
  if (other) return `Millrace runs on Node.js, and this is ${other}`
  const major = Number(versions.node.split('.')[0])
  if (major >= oldestMajor) return undefined
  return `Millrace needs Node.js ${oldestMajor} or newer, and this is ${versions.node}`
}

const problem = unsupported()
if (problem === undefined) {
  void start()
} else {
  process.stderr.write(
    `error: ${problem}\n  → use Node.js ${oldestMajor} or newer (NODE_UNSUPPORTED)\n`,
  )
  process.exitCode = 2
}

async function start(): Promise<void> {
  const { main } = await import('./main.ts')
  const { processTerminal } = await import('./terminal.ts')
  process.exitCode = await main(process.argv.slice(2), processTerminal())
}
