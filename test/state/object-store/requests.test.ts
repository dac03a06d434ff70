// What reads of rows in an object store cost, and that damage of disk and store does no harm.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { diskWith, openTable, type Opened, type OpenOptions, plainKey, storeWith } from './world.ts'

const ROWS = 400
const LARGE = { blockBytes: 2_000, segmentBytes: 100_000 }
const SECRET = 'what nobody else may read'

const keyOf = (row: number): Buffer => plainKey(`row ${String(row).padStart(4, '0')}`)
const valueOf = (row: number): string => `${SECRET} ${row}`

/** With all rows on the store. */
async function filled(options: OpenOptions = {}): Promise<Opened> {
  const opened = openTable({ sizes: LARGE, cacheBytes: 1 << 20, ...options })
  await put(opened, ROWS)
  return opened
}

async function put({ table }: Opened, rows: number): Promise<void> {
  const puts = Array.from({ length: rows }, (_, row) => {
    return { key: keyOf(row), value: Buffer.from(valueOf(row)) }
  })
  await table.write(puts)
  // What is still gathered is of other keys.
  const more = Array.from({ length: 40 }, (_, at) => {
    return { key: plainKey(`z${at}`), value: Buffer.from('-') }
  })
  await table.write(more)
  await settled(table)
}

/** Nothing is being put or merged any more: several looks, for the machine may be busy. */
async function settled(table: Opened['table']): Promise<void> {
  let before = -1
  for (let looks = 0; looks < 5; await sleep(20)) {
    looks = before === table.requests ? looks + 1 : 0
    before = table.requests
  }
}

async function expectRows({ table }: Opened, rows: readonly number[]): Promise<void> {
  const found = await table.getMany(rows.map(keyOf))
  assert.deepEqual(
    found.map((value) => value?.toString()),
    rows.map(valueOf),
  )
}

const EVERY_TENTH = Array.from({ length: ROWS / 10 }, (_, at) => at * 10)

describe('a row in an object store', () => {
  it('costs no request while its block is on the local disk', async () => {
    const opened = await filled()
    const { requests } = opened.table
    assert.ok(requests > 0)
    for (let round = 0; round < 3; round++) await expectRows(opened, EVERY_TENTH)
    assert.equal(opened.table.requests, requests)
  })

  it('costs none that was never written', async () => {
    const opened = await filled({ cacheBytes: 0 })
    const { requests } = opened.table
    const keys = Array.from({ length: 1_000 }, (_, at) => plainKey(`row ${at % 400}x${at}`))
    const found = await opened.table.getMany(keys)
    assert.ok(found.every((value) => value === undefined))
    // Filters are wrong once in a hundred times, and neighbours are read together.
    assert.ok(opened.table.requests - requests < 15, `${opened.table.requests - requests} requests`)
  })

  it('is read with its neighbours, and a batch asks once for what lies together', async () => {
    const opened = await filled({ cacheBytes: 0, bufferBytes: 1 << 20 })
    const puts = Array.from({ length: 5_000 }, (_, row) => {
      return { key: plainKey(`w${row}`), value: Buffer.alloc(200, row) }
    })
    await opened.table.write(puts)
    await settled(opened.table)
    const { requests } = opened.table
    await expectRows(opened, EVERY_TENTH)
    const asked = opened.table.requests - requests
    assert.ok(asked > 0 && asked <= 3, `${asked} requests`)
  })

  it('is asked for again when the local disk has other bytes, or none', async () => {
    const flip = (bytes: Uint8Array): Uint8Array => {
      const wrong = Uint8Array.from(bytes)
      wrong[wrong.length >> 1] = (wrong[wrong.length >> 1] ?? 0) ^ 4
      return wrong
    }
    const fail = (): never => {
      throw new Error('the disk is gone')
    }
    const keep = (bytes: Uint8Array): Uint8Array => bytes
    for (const [read, append] of [[flip], [fail], [keep, fail]] as const) {
      const opened = await filled({ disk: (inner) => diskWith(inner, read, append) })
      const { requests } = opened.table
      await expectRows(opened, EVERY_TENTH)
      assert.ok(opened.table.requests > requests)
    }
  })

  it('is asked for again when it came wrong; if it stays so, nothing is believed', async () => {
    let isWrong = (): boolean => false
    const opened = await filled({
      cacheBytes: 0,
      store: (inner) =>
        storeWith(inner, {
          async read(name, offsetBytes, lengthBytes) {
            const bytes = await inner.read(name, offsetBytes, lengthBytes)
            return isWrong() ? Buffer.alloc(bytes.length, 7) : bytes
          },
        }),
    })
    let reads = 0
    isWrong = () => reads++ === 0
    await expectRows(opened, [3])
    assert.equal(reads, 2)
    isWrong = () => true
    await assert.rejects(opened.table.getMany([keyOf(3)]), {
      code: 'STORAGE_FAILED',
      retryable: true,
      message: /has other bytes than were written/,
    })
  })

  it('that somebody has deleted ends the attempt, which is made again', async () => {
    const opened = await filled({ cacheBytes: 0 })
    for (const { name } of await opened.blobs.list('')) await opened.blobs.delete(name)
    const gone = {
      code: 'STORAGE_FAILED',
      retryable: true,
      message: /rows of this attempt are gone/,
    }
    await assert.rejects(opened.table.getMany([keyOf(1)]), gone)
  })

  it('that could not be put fails all that comes after', async () => {
    let puts = 0
    const opened = openTable({
      store: (inner) =>
        storeWith(inner, {
          async create(name) {
            if (++puts > 3) throw new Error('no room')
            return await inner.create(name)
          },
        }),
    })
    await assert.rejects(put(opened, ROWS), /no room/)
    await assert.rejects(opened.table.getMany([keyOf(1)]), /no room/)
    await assert.rejects(opened.table.deleteRange({ lower: keyOf(1), upper: keyOf(2) }), /no room/)
    await opened.table.drop()
    assert.deepEqual(await opened.blobs.list(''), [])
  })

  it('can be read by nobody else, neither on the store nor on the local disk', async () => {
    const onDisk: Buffer[] = []
    const keep = (bytes: Uint8Array): Uint8Array => {
      onDisk.push(Buffer.from(bytes))
      return bytes
    }
    const opened = await filled({ disk: (inner) => diskWith(inner, keep) })
    await expectRows(opened, EVERY_TENTH)
    const blobs = await opened.blobs.list('')
    const stored = await Promise.all(blobs.map(({ name }) => opened.blobs.read(name)))
    assert.ok(stored.length > 0 && onDisk.length > 0)
    for (const bytes of [...stored, ...onDisk]) {
      assert.ok(!Buffer.from(bytes).includes('nobody') && !Buffer.from(bytes).includes('row 0'))
    }
  })

  it('that is asked for often stays on the local disk, within its limit', async () => {
    const opened = await filled({
      cacheBytes: 8_000,
      bufferBytes: 6_000,
      sizes: { ...LARGE, blockBytes: 500 },
    })
    await expectRows(opened, [7])
    let asked = 0
    for (let row = 20; row < ROWS; row++) {
      await expectRows(opened, [row])
      const { requests } = opened.table
      await expectRows(opened, [7])
      asked += opened.table.requests - requests
      assert.ok(opened.scratch.lengthBytes <= 8_000)
    }
    assert.equal(asked, 0)
  })
})
