// S3Proxy: a server that speaks S3, over files of a folder.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jarsOf } from './maven.ts'
import { answers, freePorts, JavaServer } from './process.ts'

export const CREDENTIALS = {
  AWS_ACCESS_KEY_ID: 'millrace-test-key',
  AWS_SECRET_ACCESS_KEY: 'millrace-test-secret',
} as const

const HALF_WRITTEN = /-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export interface S3Server {
  readonly port: number
  readonly bucket: string
  readonly server: JavaServer
  close(): Promise<void>
}

export async function startS3Proxy(signal: AbortSignal): Promise<S3Server> {
  const { classPath } = await jarsOf('s3proxy', signal)
  const folder = mkdtempSync(join(tmpdir(), 'millrace-s3-'))
  const [port = 0] = await freePorts(1)
  const bucket = 'checkpoints'
  mkdirSync(join(folder, 'data', bucket), { recursive: true })
  const settings = {
    's3proxy.endpoint': `http://127.0.0.1:${port}`,
    's3proxy.authorization': 'aws-v2-or-v4',
    's3proxy.identity': CREDENTIALS.AWS_ACCESS_KEY_ID,
    's3proxy.credential': CREDENTIALS.AWS_SECRET_ACCESS_KEY,
    'jclouds.provider': 'filesystem-nio2',
    'jclouds.identity': 'none',
    'jclouds.credential': 'none',
    'jclouds.filesystem.basedir': join(folder, 'data'),
  }
  const file = join(folder, 'settings')
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
  writeFileSync(file, lines.join('\n'))
  const main = ['org.gaul.s3proxy.Main', '--properties', file]
  const server = new JavaServer(
    ['-Xmx128m', '-DLOG_LEVEL=warn', '-cp', classPath, ...main],
    () => answers(port),
    () => removeHalfWritten(join(folder, 'data', bucket)),
  )
  await server.start(signal)
  const close = async (): Promise<void> => {
    await server.kill()
    rmSync(folder, { recursive: true, force: true })
  }
  return { port, bucket, server, close }
}

/**
 * S3Proxy writes an object into `<name>-<uuid>` beside its place and renames it. Killed between the
 * two it lists that file as an object for ever: a bucket never shows a half of one.
 */
function removeHalfWritten(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    if (HALF_WRITTEN.test(name)) rmSync(join(folder, name), { force: true })
}
