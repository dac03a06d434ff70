// Cassandra: one node, which asks for passwords.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jarsOf } from './maven.ts'
import { answers, freePorts, JavaServer } from './process.ts'

/** Of the role that every new cluster has. */
export const CREDENTIALS = {
  CASSANDRA_USERNAME: 'cassandra',
  CASSANDRA_PASSWORD: 'cassandra',
} as const

export interface CassandraServer {
  readonly port: number
  readonly server: JavaServer
  close(): Promise<void>
}

/** What Cassandra reaches into of Java itself. */
const OPENED = [
  'java.base/java.io',
  'java.base/java.lang',
  'java.base/java.lang.module',
  'java.base/java.lang.reflect',
  'java.base/java.math',
  'java.base/java.net',
  'java.base/java.nio',
  'java.base/java.nio.charset',
  'java.base/java.nio.file.spi',
  'java.base/java.util',
  'java.base/java.util.concurrent',
  'java.base/java.util.concurrent.atomic',
  'java.base/jdk.internal.loader',
  'java.base/jdk.internal.math',
  'java.base/jdk.internal.misc',
  'java.base/jdk.internal.module',
  'java.base/jdk.internal.ref',
  'java.base/jdk.internal.reflect',
  'java.base/jdk.internal.util.jar',
  'java.base/sun.nio.ch',
  'java.management.rmi/com.sun.jmx.remote.internal.rmi',
  'java.management/com.sun.jmx.mbeanserver',
  'java.management/javax.management',
  'java.rmi/sun.rmi.registry',
  'java.rmi/sun.rmi.server',
  'java.rmi/sun.rmi.transport',
  'java.rmi/sun.rmi.transport.tcp',
  'java.sql/java.sql',
  'jdk.management/com.sun.management.internal',
]

export async function startCassandra(signal: AbortSignal): Promise<CassandraServer> {
  const { classPath } = await jarsOf('cassandra', signal)
  const folder = mkdtempSync(join(tmpdir(), 'millrace-cassandra-'))
  const [port = 0, storagePort = 0, jmxPort = 0] = await freePorts(3)
  const server = new JavaServer(
    [...javaFlags(classPath, folder, jmxPort), 'org.apache.cassandra.service.CassandraDaemon'],
    () => answers(port),
  )
  writeSettings(folder, port, storagePort)
  await server.start(signal)
  const close = async (): Promise<void> => {
    await server.kill()
    rmSync(folder, { recursive: true, force: true })
  }
  return { port, server, close }
}

function javaFlags(classPath: string, folder: string, jmxPort: number): readonly string[] {
  const jars = classPath.slice(classPath.lastIndexOf(':') + 1, -'/*'.length)
  const agent = readdirSync(jars).find((name) => /^jamm-.*\.jar$/.test(name))
  const opened = OPENED.flatMap((name) => [
    '--add-opens',
    `${name}=ALL-UNNAMED`,
    '--add-exports',
    `${name}=ALL-UNNAMED`,
  ])
  const properties = {
    'cassandra.config': `file://${folder}/cassandra.yaml`,
    'cassandra.jmx.local.port': jmxPort,
    'cassandra.logdir': folder,
    'cassandra.ring_delay_ms': 1,
    'cassandra.skip_wait_for_gossip_to_settle': 0,
    'cassandra.storagedir': folder,
    'cassandra.superuser_setup_delay_ms': 0,
    'cassandra-foreground': 'yes',
    'io.netty.tryReflectionSetAccessible': true,
    'jdk.attach.allowAttachSelf': true,
    'logback.configurationFile': join(folder, 'logback.xml'),
  }
  const defined = Object.entries(properties).map(([name, value]) => `-D${name}=${value}`)
  const memory = ['-Xms384m', '-Xmx384m', `-javaagent:${join(jars, agent ?? '')}`]
  return [...memory, ...opened, ...defined, '-cp', classPath]
}

function writeSettings(folder: string, port: number, storagePort: number): void {
  const settings = `
cluster_name: tests
num_tokens: 1
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
authenticator: PasswordAuthenticator
authorizer: CassandraAuthorizer
listen_address: 127.0.0.1
rpc_address: 127.0.0.1
native_transport_port: ${port}
storage_port: ${storagePort}
endpoint_snitch: SimpleSnitch
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters:
      - seeds: '127.0.0.1:${storagePort}'
data_file_directories: ['${folder}/data']
commitlog_directory: ${folder}/commitlog
saved_caches_directory: ${folder}/caches
hints_directory: ${folder}/hints
cdc_raw_directory: ${folder}/cdc
# What was answered outlives a kill; by default it need not, and other replicas have it.
commitlog_sync: batch
commitlog_segment_size: 8MiB
memtable_heap_space: 32MiB
memtable_offheap_space: 32MiB
key_cache_size: 0MiB
file_cache_size: 32MiB
concurrent_reads: 4
concurrent_writes: 4
auto_snapshot: false
# A busy machine takes its time.
cas_contention_timeout: 20s
read_request_timeout: 20s
write_request_timeout: 20s
# By default 100,000.
tombstone_failure_threshold: 300
`
  const log = `<configuration>
  <appender name="O" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%-5level %logger{20} %msg%n</pattern></encoder>
  </appender>
  <root level="WARN"><appender-ref ref="O"/></root>
</configuration>`
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'cassandra.yaml'), settings)
  writeFileSync(join(folder, 'logback.xml'), log)
}
