// HDFS in one process: NameNode, DataNode and WebHDFS.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jarsOf } from './maven.ts'
import { freePorts, JavaServer } from './process.ts'

export interface HdfsServer {
  readonly httpPort: number
  readonly rpcPort: number
  readonly server: JavaServer
  close(): Promise<void>
}

export async function startHdfs(signal: AbortSignal): Promise<HdfsServer> {
  const { classPath } = await jarsOf('hdfs', signal, 'HdfsServer')
  const folder = mkdtempSync(join(tmpdir(), 'millrace-hdfs-'))
  const [httpPort = 0, rpcPort = 0] = await freePorts(2)
  const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=error'
  const main = ['HdfsServer', folder, String(httpPort), String(rpcPort)]
  const server = new JavaServer(['-Xmx256m', quiet, '-cp', classPath, ...main], async (log) => {
    return log.includes('READY')
  })
  await server.start(signal)
  const close = async (): Promise<void> => {
    await server.kill()
    rmSync(folder, { recursive: true, force: true })
  }
  return { httpPort, rpcPort, server, close }
}
