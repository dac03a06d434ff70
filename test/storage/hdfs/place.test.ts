import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { findHdfsPlace } from '../../../src/storage/hdfs/place.ts'

const nameNodes = async (location: string, environment: Record<string, string> = {}) =>
  (await findHdfsPlace(location, environment)).nameNodes

describe('an hdfs: URL', () => {
  it('is taken as Flink has it, with the port of HTTP that Hadoop has by default', async () => {
    const environment = { HADOOP_USER_NAME: 'flink' }
    assert.deepEqual(await findHdfsPlace('hdfs://localhost:9000/flink/checkpoints/', environment), {
      location: 'hdfs://localhost:9000/flink/checkpoints/',
      nameNodes: ['http://localhost:9870'],
      folder: '/flink/checkpoints',
      user: 'flink',
      tokenFile: undefined,
      timeoutMs: 30_000,
      authorityFile: undefined,
      retryForMs: 60_000,
    })
    assert.equal((await findHdfsPlace('hdfs://a', { USER: 'x' })).folder, '')
    const own = await findHdfsPlace('hdfs://a/b?user=me&token-file=t&timeout=1s', environment)
    assert.deepEqual([own.user, own.tokenFile, own.timeoutMs], ['me', 't', 1_000])
  })

  it('names ports, several NameNodes and TLS', async () => {
    assert.deepEqual(await nameNodes('hdfs://a:9000,b/c?http-port=50070'), [
      'http://a:50070',
      'http://b:50070',
    ])
    assert.deepEqual(await nameNodes('webhdfs://a:14000/c'), ['http://a:14000'])
    assert.deepEqual(await nameNodes('swebhdfs://a/c'), ['https://a:9871'])
    assert.deepEqual(await nameNodes('hdfs://a/c?tls=true'), ['https://a:9871'])
    assert.deepEqual(await nameNodes('webhdfs://[::1]:9870/c'), ['http://[::1]:9870'])
  })

  it('finds in hdfs-site.xml where the NameNodes are', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-hadoop-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const environment = { HADOOP_CONF_DIR: folder }
    assert.deepEqual(await nameNodes('hdfs://a:9000/c', environment), ['http://a:9870'])
    const properties: Record<string, string> = {
      'dfs.namenode.http-address': '0.0.0.0:9999',
      'dfs.namenode.https-address': 'tls.example:9998',
      'dfs.ha.namenodes.pair': 'nn1, nn2',
      'dfs.namenode.http-address.pair.nn1': 'one.example:9870',
      'dfs.namenode.http-address.pair.nn2': 'two.example:9870',
    }
    const text = Object.entries(properties).map(
      ([name, value]) =>
        `<property>\n  <name> ${name} </name>\n  <value>${value}</value>\n</property>`,
    )
    writeFileSync(join(folder, 'hdfs-site.xml'), `<configuration>${text.join('\n')}`)
    assert.deepEqual(await nameNodes('hdfs://a:9000/c', environment), ['http://a:9999'])
    assert.deepEqual(await nameNodes('hdfs://a:9000/c?tls', environment), [
      'https://tls.example:9998',
    ])
    assert.deepEqual(await nameNodes('hdfs://pair/c', environment), [
      'http://one.example:9870',
      'http://two.example:9870',
    ])
    assert.deepEqual(await nameNodes('hdfs://a/c?http-port=1', environment), ['http://a:1'])
    assert.deepEqual(await nameNodes('webhdfs://a/c', environment), ['http://a:9870'])
  })

  it('that makes no sense is refused', async () => {
    const bad = [
      'hdfs:/a',
      'hdfs:///a',
      'hdfs://a:b/c',
      'hdfs://a,,b/c',
      'hdfs://a/../b',
      'hdfs://a//b/c//d',
      'hdfs://a/b c',
      'hdfs://user@a/b',
      'hdfs://a/b?http-port=x',
      'hdfs://a/b?password=x',
    ]
    for (const location of bad) {
      await assert.rejects(findHdfsPlace(location, {}), { code: 'STORAGE_URL_UNKNOWN' }, location)
    }
  })
})
