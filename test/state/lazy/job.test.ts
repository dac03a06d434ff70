// Whole jobs that are restored lazily: what is damaged is found while records go on, and the next
// attempt goes back to a checkpoint that is sound; crashes and rescales lose nothing.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { job, t } from 'millrace'
import { collection } from 'millrace/connectors'
import { print } from '../../../src/connectors/print.ts'
import { jobHarnessOn } from '../../../src/testing/job/job-harness.ts'
import { MemoryDisk } from '../../../src/testing/job/memory-disk.ts'
import type { Life } from '../../../src/testing/job/virtual-time.ts'
import type { BlobStore } from '../../../src/storage/blob-store.ts'

const KEYS = 300
const Order = t.struct({ customer: t.float64, total: t.float64 })
type Order = { readonly customer: number; readonly total: number }

const totals = job('totals', (env) => {
  env
    .fromSource('orders', collection([], { type: Order }))
    .keyBy((each) => each.customer, t.float64)
    .sum('total', (each) => each.total)
    .sinkTo('totals', print())
})

class Disk extends MemoryDisk {
  readonly #locations = new Set<string>()

  override open(location: string, life: Life): BlobStore {
    this.#locations.add(location)
    return super.open(location, life)
  }

  /** Changes a byte in the first block of the newest run. */
  damageNewestRun(): void {
    for (const location of this.#locations) {
      const blobs = this.at(location)
      const idOf = (name: string): number => Number(name.split('-')[1])
      const runs = [...blobs.keys()].filter((name) => name.startsWith('runs/'))
      const newest = runs.toSorted((a, b) => idOf(b) - idOf(a))[0] ?? ''
      const bytes = Uint8Array.from(blobs.get(newest) ?? [])
      bytes[20] = (bytes[20] ?? 0) ^ 0xff
      blobs.set(newest, bytes)
    }
  }
}

function orders(total: number): readonly Order[] {
  return Array.from({ length: KEYS }, (_, customer) => ({ customer, total }))
}

for (const backend of ['hashmap', 'rocksdb'] as const) {
  describe(`a job over ${backend} that is restored lazily`, () => {
    it('goes back to an older checkpoint when a block is damaged', async () => {
      const disk = new Disk()
      const restart = { strategy: 'fixed-delay', delay: 1 } as const
      const options = { backend, options: { restart, acceptDuplicates: true } }
      {
        await using harness = await jobHarnessOn(disk, totals, options)
        const source = harness.source<Order>('orders')
        await source.send(...orders(1))
        await harness.checkpoint()
        await source.send(...orders(10))
        await harness.checkpoint()
      }
      disk.damageNewestRun()
      await using harness = await jobHarnessOn(disk, totals, options)
      await harness.source<Order>('orders').send(...orders(100))
      const values = harness.output<{ readonly value: number }>('totals').map(({ value }) => value)
      assert.ok(values.length >= KEYS)
      assert.deepEqual(new Set(values.slice(-KEYS)), new Set([101]))
    })

    it('loses nothing by crashes and rescales', async () => {
      await using harness = await jobHarnessOn(new Disk(), totals, { backend, parallelism: 2 })
      const source = harness.source<Order>('orders')
      await source.send(...orders(1))
      await harness.checkpoint()
      await harness.crash()
      await source.send(...orders(10))
      await harness.rescale(3)
      await source.send(...orders(100))
      await harness.crash()
      await harness.rescale(1)
      await source.send(...orders(1000))
      await harness.finish()
      const last = new Map<number, number>()
      for (const { key, value } of harness.output<{ key: number; value: number }>('totals')) {
        last.set(key, Math.max(value, last.get(key) ?? 0))
      }
      assert.equal(last.size, KEYS)
      assert.deepEqual(new Set(last.values()), new Set([1111]))
    })
  })
}
