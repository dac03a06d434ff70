/**
 * What this machine knows of a cluster of HDFS: `hdfs-site.xml` in `HADOOP_CONF_DIR`, as Hadoop's
 * own programs read it, and how tokens look.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MillraceError } from '../../errors.ts'
import type { TokenKind } from '../remote/token.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** The properties of `hdfs-site.xml`; none if the environment names no folder. */
export async function hadoopProperties(
  environment: Environment,
): Promise<ReadonlyMap<string, string>> {
  const folder = environment['HADOOP_CONF_DIR'] ?? ''
  const properties = new Map<string, string>()
  if (folder === '') return properties
  const file = join(folder, 'hdfs-site.xml')
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    if (Reflect.get(Object(cause), 'code') === 'ENOENT') return properties
    const message = `cannot read ${file}, which HADOOP_CONF_DIR leads to`
    throw new MillraceError('CONFIG_INVALID', message, { cause, details: { file } })
  }
  for (const [, property = ''] of text.matchAll(/<property>([\s\S]*?)<\/property>/g)) {
    const name = /<name>\s*([^<]*?)\s*<\/name>/.exec(property)?.[1]
    const value = /<value>\s*([^<]*?)\s*<\/value>/.exec(property)?.[1]
    if (name !== undefined && value !== undefined) properties.set(name, value)
  }
  return properties
}

/** A delegation token as `hdfs` and WebHDFS write it into URLs. */
export const DELEGATION_TOKEN: TokenKind = {
  service: 'HDFS',
  pattern: /^[\w-]{8,}$/,
  cure: 'write into it what WebHDFS gave as urlString for GETDELEGATIONTOKEN',
}
