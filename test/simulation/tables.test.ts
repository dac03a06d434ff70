// The simulated servers: the newest change wins however late others come, and no name lies.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BlobTables } from '../../simulation/tables/blob-tables.ts'
import { Bucket } from '../../simulation/tables/bucket.ts'
import { Region } from '../../simulation/tables/region.ts'
import { StateTables } from '../../simulation/tables/state-tables.ts'
import { statementsOf as rowsOf } from '../../src/state/cassandra/statements.ts'
import { bodyOf, cellOf, rowsOf as rowsIn } from '../../src/storage/hbase/cells.ts'
import { statementsOf as blobsOf } from '../../src/storage/cassandra/tables.ts'

const [rows, blobs] = [rowsOf('jobs'), blobsOf('jobs')]
const HEAD = Buffer.from('head')
const key = (text: string) => Buffer.from(`head-${text}`)

describe('simulated rows of state', () => {
  const put = (tables: StateTables, of: string, value: string, timestamp: number) =>
    tables.run([{ cql: rows.put, values: ['scope', HEAD, key(of), Buffer.from(value)] }], {
      nowMs: 0,
      timestamp,
    })
  const all = (tables: StateTables, nowMs = 0) => {
    const values = ['scope', HEAD, key(''), key('~'), 10]
    const found = tables.run([{ cql: rows.scan, values }], { nowMs, timestamp: 0 })
    return found.map((row) => String(row['value']))
  }

  it('keep the newest of several changes, in whatever order they come', () => {
    const tables = new StateTables()
    put(tables, 'a', 'new', 2)
    put(tables, 'a', 'old', 1)
    assert.deepEqual(all(tables), ['new'])
  })

  it('hide what is older than a deletion, also if it comes later', () => {
    const tables = new StateTables()
    put(tables, 'a', 'before', 1)
    put(tables, 'b', 'after', 4)
    const values = ['scope', HEAD, key(''), key('~')]
    tables.run([{ cql: rows.dropRange, values }], { nowMs: 0, timestamp: 3 })
    put(tables, 'c', 'late', 2)
    assert.deepEqual(all(tables), ['after'])
  })

  it('forget the row of a deleted key after a day', () => {
    const tables = new StateTables()
    const values = ['scope', HEAD, key('a')]
    tables.run([{ cql: rows.empty, values }], { nowMs: 0, timestamp: 1 })
    assert.deepEqual(all(tables, 86_399_999), [''])
    assert.deepEqual(all(tables, 86_400_000), [])
  })
})

describe('simulated blobs', () => {
  const OF = ['folder', 'name'] as const
  const begun = () => {
    const seen: string[] = []
    const tables = new BlobTables({
      appeared: (_, name, bytes) => seen.push(`${name} ${bytes.length}`),
      disappeared: (_, name) => seen.push(`${name} is gone`),
    })
    const run = (cql: string, ...values: readonly unknown[]) =>
      tables.run([{ cql, values }], { nowMs: 0, timestamp: 1 })
    const take = (id: string, length: bigint) => {
      const statements = [
        { cql: blobs.take, values: [id, ...OF] },
        { cql: blobs.fillBegun, values: [length, ...OF, id] },
      ]
      return tables.run(statements, { nowMs: 0, timestamp: 1 })[0]
    }
    return { seen, run, take }
  }

  it('give a name once, and tell who has it', () => {
    const { seen, run, take } = begun()
    for (const id of ['one', 'two']) {
      run(blobs.begin, ...OF, id)
      run(blobs.putChunk, ...OF, id, 0, 0, Buffer.from(id))
    }
    assert.equal(take('one', 3n)?.['[applied]'], true)
    assert.deepEqual(take('two', 3n), { '[applied]': false, current: 'one' })
    assert.deepEqual(seen, ['name 3'])
  })

  it('do not give it to a blob that lacks a chunk', () => {
    const { run, take } = begun()
    run(blobs.begin, ...OF, 'one')
    run(blobs.putChunk, ...OF, 'one', 0, 1, Buffer.from('end'))
    assert.throws(() => take('one', 6n), /gets its name with 3 of 6 bytes/)
  })

  it('keep the chunks of a blob that has its name', () => {
    const { seen, run, take } = begun()
    run(blobs.begin, ...OF, 'one')
    run(blobs.putChunk, ...OF, 'one', 0, 0, Buffer.from('one'))
    take('one', 3n)
    assert.throws(() => run(blobs.dropChunks, ...OF, 'one', 0), /go while it has its name/)
    run(blobs.leave, ...OF, 'one')
    run(blobs.dropChunks, ...OF, 'one', 0)
    assert.deepEqual(seen, ['name 3', 'name is gone'])
  })
})

describe('a simulated bucket', () => {
  it('refuses a name that is taken, if it is told to', () => {
    const bucket = new Bucket()
    const put = { Key: 'a', Body: Buffer.from('first'), IfNoneMatch: '*' }
    bucket.run('PutObject', put)
    const refused = { name: 'PreconditionFailed', $metadata: { httpStatusCode: 412 } }
    assert.throws(() => bucket.run('PutObject', { ...put, Body: Buffer.from('second') }), refused)
    assert.equal(bucket.run('HeadObject', { Key: 'a' }).ContentLength, 5)
  })

  it('gives ranges, and says what it has not', async () => {
    const bucket = new Bucket()
    bucket.run('PutObject', { Key: 'a', Body: Buffer.from('0123456789') })
    const { Body: body = [] } = bucket.run('GetObject', { Key: 'a', Range: 'bytes=2-4' })
    const chunks: Uint8Array[] = []
    for await (const chunk of body) chunks.push(chunk)
    assert.equal(Buffer.concat(chunks).toString(), '234')
    assert.throws(() => bucket.run('GetObject', { Key: 'a', Range: 'bytes=10-12' }), {
      name: 'InvalidRange',
    })
    bucket.run('DeleteObject', { Key: 'a' })
    assert.throws(() => bucket.run('HeadObject', { Key: 'a' }), { name: 'NoSuchKey' })
  })

  it('lists names in order, by pages', () => {
    const bucket = new Bucket()
    for (const name of 'gfedcba') bucket.run('PutObject', { Key: `of/${name}` })
    bucket.run('PutObject', { Key: 'other' })
    const first = bucket.run('ListObjectsV2', { Prefix: 'of/' })
    assert.equal(first.IsTruncated, true)
    const token = first.NextContinuationToken ?? ''
    const second = bucket.run('ListObjectsV2', { Prefix: 'of/', ContinuationToken: token })
    assert.equal(second.IsTruncated, false)
    const keys = [first, second].flatMap(({ Contents = [] }) => Contents.map(({ Key }) => Key))
    assert.deepEqual(
      keys,
      ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => `of/${name}`),
    )
  })
})

describe('a simulated region of HBase', () => {
  const ask = (region: Region, method: string, path: string, body: Uint8Array = Buffer.alloc(0)) =>
    region.run({ method, url: new URL(`http://sim/jobs/${path}`), headers: {}, body })
  const put = (region: Region, row: string, value: string, version: number) =>
    ask(region, 'PUT', 'rows', bodyOf(row, [cellOf('v', value, version)]))
  const scan = (region: Region, query: string) => {
    const found = rowsIn(ask(region, 'GET', `*?${query}`).body)
    return found.map(({ key, cells }) => `${key}=${String(cells.get('v'))}`)
  }

  it('shows the greatest version, in whatever order they come', () => {
    const region = new Region()
    put(region, 'a', 'new', 2)
    put(region, 'a', 'old', 1)
    assert.equal(ask(region, 'GET', 'a/b:v').body.toString(), 'new')
    assert.equal(ask(region, 'GET', 'a/b:other').status, 404)
  })

  it('hides what is not newer than a deletion, also if it comes later', () => {
    const region = new Region()
    put(region, 'a', 'old', 1)
    ask(region, 'DELETE', 'a/b/2')
    put(region, 'a', 'late', 2)
    assert.deepEqual(scan(region, 'startrow=a&endrow=b'), [])
    put(region, 'a', 'new', 3)
    assert.deepEqual(scan(region, 'startrow=a&endrow=b'), ['a=new'])
  })

  it('changes a row only while a cell is what is expected', () => {
    const region = new Region()
    const checked = (kind: string, value: string, version: number, expected: string) => {
      const cells = [cellOf('v', value, version), cellOf('v', expected)]
      return ask(region, 'PUT', `a?check=${kind}`, bodyOf('a', cells)).status
    }
    assert.equal(checked('put', 'one', 1, ''), 200)
    assert.equal(checked('put', 'two', 2, ''), 304)
    assert.equal(checked('delete', '', 1, 'two'), 304)
    assert.equal(checked('delete', '', 1, 'one'), 200)
    assert.deepEqual(scan(region, 'startrow=a&endrow=b'), [])
    put(region, 'a', 'again', 1)
    assert.deepEqual(scan(region, 'startrow=a&endrow=b'), [], 'that version is gone for ever')
  })

  it('scans both ways, as far as it is told to', () => {
    const region = new Region()
    for (const row of 'badc') put(region, row, row === 'c' ? '' : row, 1)
    assert.deepEqual(scan(region, 'startrow=a&endrow=d&limit=2'), ['a=a', 'b=b'])
    const filter = encodeURIComponent("ValueFilter(!=,'binary:')")
    const down = `startrow=d&endrow=a&reversed=true&filter=${filter}`
    assert.deepEqual(scan(region, down), ['d=d', 'b=b'])
  })
})
