// HBase in one process: ZooKeeper, master, region server and REST server.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jarsOf } from './maven.ts'
import { freePorts, JavaServer } from './process.ts'

/** What parts of it reach into, which Java closes since version 16. */
const OPENED = ['java.lang', 'java.nio'].flatMap((name) => {
  return ['--add-opens', `java.base/${name}=ALL-UNNAMED`]
})

export interface HBaseServer {
  readonly port: number
  readonly server: JavaServer
  close(): Promise<void>
}

export async function startHBase(signal: AbortSignal): Promise<HBaseServer> {
  const { classPath } = await jarsOf('hbase', signal, 'HBaseServer')
  const folder = mkdtempSync(join(tmpdir(), 'millrace-hbase-'))
  const [port = 0, keeperPort = 0] = await freePorts(2)
  const main = ['HBaseServer', folder, String(port), String(keeperPort)]
  const server = new JavaServer(['-Xmx384m', ...OPENED, '-cp', classPath, ...main], async (log) => {
    return log.includes('READY')
  })
  await server.start(signal)
  const close = async (): Promise<void> => {
    await server.kill()
    rmSync(folder, { recursive: true, force: true })
  }
  return { port, server, close }
}
