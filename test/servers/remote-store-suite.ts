// What every store on a server must stand: writers that race, answers that are lost, a server that
// is busy, slow, silent or killed in the middle.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { appendLink, fence } from '../../src/checkpoint/chain.ts'
import type { BlobStore } from '../../src/storage/blob-store.ts'
import { SeededRandom } from '../../src/util/random.ts'
import { isFull } from './available.ts'
import type { Fault, Faulty } from './faulty-proxy.ts'
import type { JavaServer } from './process.ts'

export interface RemoteStoreSuite {
  readonly name: string
  /** With more options in the URL: `&timeout=1s`. */
  readonly open: (place: string, more?: string) => Promise<BlobStore>
  /** The same place behind the proxy. */
  readonly openBehind: (place: string, more: string) => Promise<BlobStore>
  readonly proxy: Faulty
  readonly server: JavaServer
}

const bytesOf = (text: string): Buffer => Buffer.from(text)

export function remoteStoreSuite(suite: RemoteStoreSuite): void {
  describe(`${suite.name}: many writers`, () => racing(suite))
  describe(`${suite.name}: a network that fails`, () => {
    failing(suite)
    lasting(suite)
    chance(suite)
  })
  describe(`${suite.name}: a server that is killed`, () => restarting(suite))
}

function racing({ open }: RemoteStoreSuite): void {
  it('of leaders that fence at once each has an epoch, the last alone appends', async () => {
    const contenders = isFull ? 4 : 3
    const stores = await Promise.all(Array.from({ length: contenders }, () => open('fence')))
    const fences = stores.map((store, index) =>
      fence(store, { jobName: 'fought-over', writtenAt: 0, leader: `leader${index}` }, () => ({
        restores: 0,
        lineage: `lineage${index}`,
      })),
    )
    const leads = await Promise.all(fences)
    const epochs = leads.map((lead) => lead.fence.leaderEpoch)
    assert.deepEqual(
      epochs.toSorted((a, b) => a - b),
      stores.map((_, index) => index + 1),
    )
    const appended = leads.map(async ({ chain, fence: own }, index) => {
      const store = stores[index]
      assert.ok(store !== undefined)
      const { kind, jobName, writtenAt, leaderEpoch, restores, lineage } = own
      const leader = `leader${index}`
      const body = { kind, jobName, writtenAt, leader, leaderEpoch, restores, lineage } as const
      return (await appendLink(store, chain.head, body)) !== 'lost'
    })
    const isLast = epochs.map((epoch) => epoch === contenders)
    assert.deepEqual(await Promise.all(appended), isLast)
    for (const store of stores) await store.close()
  })

  it('of many stores each name is put by one, and closed by one', async () => {
    const stores = await Promise.all(Array.from({ length: 4 }, () => open('race')))
    for (let round = 0; round < (isFull ? 20 : 3); round++) {
      const puts = stores.map((store, index) =>
        store.putIfAbsent(`chain/${round}`, bytesOf(`put by ${index}`)),
      )
      const results = await Promise.all(puts)
      assert.equal(results.filter((isPut) => isPut).length, 1)
      const there = Buffer.from((await stores[0]?.read(`chain/${round}`)) ?? []).toString()
      assert.equal(there, `put by ${results.indexOf(true)}`)
      const closes = stores.map(async (store, index) => {
        const writer = await store.create(`runs/${round}`)
        await writer.write(bytesOf(`closed by ${index}`))
        return writer.close().then(
          () => true,
          async (error: unknown) => {
            assert.equal(Reflect.get(Object(error), 'code'), 'STORAGE_CONFLICT')
            await writer.abort()
            return false
          },
        )
      })
      assert.equal((await Promise.all(closes)).filter((isClosed) => isClosed).length, 1)
      assert.equal((await stores[1]?.list('runs/'))?.length, round + 1)
    }
    for (const store of stores) await store.close()
  })
}

/** The next so many requests of that kind meet this. */
function strike(proxy: Faulty, fault: Fault, methods: readonly string[], times: number): void {
  let left = times
  proxy.faultOf = ({ method = '' }) => {
    return methods.includes(method) && left-- > 0 ? fault : undefined
  }
}

function heal(proxy: Faulty): void {
  proxy.faultOf = () => undefined
}

function failing({ openBehind, proxy }: RemoteStoreSuite): void {
  it('a put whose answer is lost is found to be done, not taken for that of another', async () => {
    const store = await openBehind('lost', '&timeout=5s')
    await store.putIfAbsent('chain/0', bytesOf('first'))
    const rounds = isFull ? 4 : 2
    for (let round = 1; round <= rounds; round++) {
      strike(proxy, 'lose answer', ['PUT', 'POST'], round)
      assert.equal(await store.putIfAbsent(`chain/${round}`, bytesOf(`round ${round}`)), true)
      assert.equal(await store.putIfAbsent(`chain/${round}`, bytesOf(`round ${round}`)), false)
      strike(proxy, 'lose answer', ['PUT', 'POST'], round)
      const writer = await store.create(`runs/${round}`)
      await writer.write(bytesOf(`run ${round}`))
      await writer.close()
    }
    heal(proxy)
    const names = (await store.list('')).map(({ name }) => name)
    assert.equal(names.length, 2 * rounds + 1)
    assert.equal(Buffer.from(await store.read('chain/2')).toString(), 'round 2')
    await store.close()
  })

  it('a busy, silent or interrupted server is asked again; a slow one is waited for', async () => {
    const store = await openBehind('busy', '&timeout=500ms')
    await store.putIfAbsent('a', bytesOf('x'.repeat(10_000)))
    const all = ['GET', 'PUT', 'POST', 'HEAD', 'DELETE']
    const faults: readonly Fault[] = ['busy', 'hang', 'cut answer', 'reset', 300]
    for (const fault of isFull ? faults : faults.slice(0, 3)) {
      strike(proxy, fault, all, 2)
      assert.equal((await store.read('a')).length, 10_000, `${fault}: read`)
      strike(proxy, fault, all, 1)
      assert.equal((await store.list('')).length, 1, `${fault}: list`)
      strike(proxy, fault, all, 1)
      assert.equal(await store.putIfAbsent(`b`, bytesOf('b')), true, `${fault}: put`)
      strike(proxy, fault, all, 1)
      await store.delete('b')
      await assert.rejects(store.stat('b'), { code: 'STORAGE_NOT_FOUND' }, `${fault}: delete`)
    }
    heal(proxy)
    await store.close()
  })
}

function lasting({ openBehind, proxy }: RemoteStoreSuite): void {
  it('what lasts is told, with what to do, when there is no more time', async () => {
    const store = await openBehind('lasts', '&timeout=200ms&retry-for=900ms')
    proxy.faultOf = () => 'hang'
    const late = {
      code: 'STORAGE_FAILED',
      retryable: true,
      message: /no answer within 200 ms.*tried/,
    }
    await assert.rejects(store.list(''), late)
    proxy.faultOf = () => 'busy'
    const busy = { code: 'STORAGE_FAILED', retryable: true, message: /(503|busy).*tried \d+ times/ }
    await assert.rejects(store.read('a'), busy)
    heal(proxy)
    const writer = await store.create('runs/a')
    await writer.write(bytesOf('a'))
    proxy.faultOf = () => 'busy'
    await assert.rejects(writer.close(), { code: 'STORAGE_FAILED' })
    heal(proxy)
    await writer.abort()
    assert.deepEqual(await store.list(''), [])
    await store.close()
  })
}

function chance({ open, openBehind, proxy }: RemoteStoreSuite): void {
  it('keeps its promises under faults by chance', { timeout: 300_000 }, async () => {
    const seed = Number(process.env['MILLRACE_TEST_SEED'] ?? 1)
    const random = new SeededRandom(seed)
    const faults: readonly Fault[] = ['busy', 'reset', 'lose answer', 'cut answer', 20]
    const stores = [await openBehind('chance', '&timeout=2s'), await openBehind('chance', '')]
    // Of a server that has answered once, more is borne.
    for (const store of stores) await store.list('')
    proxy.faultOf = () => (random.next() < 0.25 ? faults[random.int(faults.length)] : undefined)
    const there = new Map<string, string>()
    for (let step = 0; step < (isFull ? 600 : 30); step++) {
      const name = `chain/${random.int(12)}`
      const store = stores[random.int(2)]
      const said = `seed ${seed}, step ${step}, ${name}`
      const choice = random.next()
      if (choice < 0.5) {
        const isPut = await store?.putIfAbsent(name, bytesOf(said))
        assert.equal(isPut, !there.has(name), said)
        if (isPut === true) there.set(name, said)
      } else if (choice < 0.7) {
        await store?.delete(name)
        there.delete(name)
      } else if (choice < 0.8) {
        const names = (await store?.list('chain/'))?.map((blob) => blob.name)
        assert.deepEqual(names, [...there.keys()].toSorted(), said)
      } else if (there.has(name)) {
        assert.equal(Buffer.from((await store?.read(name)) ?? []).toString(), there.get(name), said)
      } else {
        await assert.rejects(store?.read(name) ?? Promise.resolve(), { code: 'STORAGE_NOT_FOUND' })
      }
    }
    heal(proxy)
    const direct = await open('chance')
    for (const [name, text] of there)
      assert.equal(Buffer.from(await direct.read(name)).toString(), text)
    for (const store of [...stores, direct]) await store.close()
  })
}

function restarting({ open, server }: RemoteStoreSuite): void {
  it('goes on where it was when the server is there again', { timeout: 400_000 }, async () => {
    // A busy machine takes its time to start a server.
    const store = await open('restart', '&retry-for=5m&timeout=2m')
    const put = new Set<string>()
    let isOver = false
    const writing = (async () => {
      for (let index = 0; !isOver; index++) {
        const name = `chain/${String(index).padStart(6, '0')}`
        assert.equal(await store.putIfAbsent(name, bytesOf(name)), true, name)
        put.add(name)
      }
    })()
    const more = async (count: number): Promise<void> => {
      const until = put.size + count
      while (put.size < until && !isOver) await new Promise((resolve) => setTimeout(resolve, 20))
    }
    try {
      await Promise.race([more(3), writing])
      await server.kill()
      await new Promise((resolve) => setTimeout(resolve, 300))
      await server.start()
      await Promise.race([more(3), writing])
    } finally {
      isOver = true
    }
    await writing
    const names = (await store.list('chain/')).map(({ name }) => name)
    assert.deepEqual(names, [...put])
    for (const name of names) assert.equal(Buffer.from(await store.read(name)).toString(), name)
    await store.close()
  })
}
