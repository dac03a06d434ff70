// The simulated disk: each fault does what it says, and only that; healed means healed; and what a
// seed does to it once it does again.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Disk } from '../../simulation/disk/disk.ts'
import { LocalStorage } from '../../simulation/disk/local-storage.ts'
import { losePower } from '../../simulation/disk/power.ts'
import type { FaultChances, FaultKind } from '../../simulation/fault-kinds.ts'
import { FaultPlan } from '../../simulation/faults.ts'
import { Scheduler, Scope } from '../../simulation/scheduler.ts'
import { isMillraceError } from '../../src/errors.ts'
import type { BlobStore } from '../../src/storage/blob-store.ts'
import { SeededRandom } from '../../src/util/random.ts'

/** A disk on which nothing strikes but this: each time it can, or with this chance. */
function newWorld(kinds: readonly FaultKind[] | Partial<FaultChances> = [], seed = 1) {
  const scheduler = new Scheduler({ eventsMax: 100_000 })
  const random = new SeededRandom(seed)
  const chances = Array.isArray(kinds) ? Object.fromEntries(kinds.map((kind) => [kind, 1])) : kinds
  const faults = new FaultPlan(random.fork('faults'), chances)
  const storage = new LocalStorage({ scheduler, faults, random })
  const process = new Scope('process')
  storage.machine.attach(() => process.kill())
  return { scheduler, faults, storage, process, store: storage.open('sim/a', process) }
}

async function during<T>(scheduler: Scheduler, work: Promise<T>): Promise<T> {
  let isDone = false
  const ended = work.finally(() => (isDone = true))
  ended.catch(() => undefined)
  await scheduler.drive(() => isDone)
  return ended
}

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (found: Uint8Array) => new TextDecoder().decode(found)
const CONTENT = 'what is written must be read'

async function write(store: BlobStore, name: string, content = CONTENT): Promise<void> {
  const writer = await store.create(name)
  await writer.write(bytes(content))
  await writer.close()
}

const codeOf = (error: unknown) => {
  return isMillraceError(error) ? `${error.code} ${String(error.details['systemCode'])}` : 'wrong'
}

/** The files of a disk on which the power was lost after `prepare`, over many chances. */
function leftAfter(prepare: (disk: Disk) => void): readonly string[] {
  const found = new Set<string>()
  for (let seed = 1; seed <= 60; seed++) {
    const disk = new Disk()
    disk.mkdir('/a')
    disk.apply({ kind: 'sync-folder', path: '/' })
    prepare(disk)
    const random = new SeededRandom(seed)
    const byChance = () => random.int(2) === 0
    losePower(disk, { nameIsLost: byChance, writeIsLost: byChance, writeIsTorn: byChance }, random)
    found.add(
      [...disk.image]
        .map(([path, left]) => `${path}=${text(left)}`)
        .toSorted()
        .join(' '),
    )
  }
  return [...found].toSorted()
}

describe('a disk that loses its power', () => {
  it('keeps what was synced with its folder, whole', () => {
    const left = leftAfter((disk) => {
      const file = disk.create('/a/x')
      disk.apply({ kind: 'write', file, bytes: bytes('1234') })
      disk.apply({ kind: 'sync-file', file })
      disk.apply({ kind: 'sync-folder', path: '/a' })
    })
    assert.deepEqual(left, ['/a/x=1234'])
  })

  it('may lose, cut off or blank what was not synced, but nothing before it', () => {
    const left = leftAfter((disk) => {
      const file = disk.create('/a/x')
      disk.apply({ kind: 'write', file, bytes: bytes('12') })
      disk.apply({ kind: 'sync-file', file })
      disk.apply({ kind: 'sync-folder', path: '/a' })
      disk.apply({ kind: 'write', file, bytes: bytes('34') })
    })
    assert.deepEqual(left, ['/a/x=12', '/a/x=12\0\0', '/a/x=123', '/a/x=1234'])
  })

  it('may keep any of the changes of names that were not synced', () => {
    const left = leftAfter((disk) => {
      disk.create('/a/x')
      disk.apply({ kind: 'sync-folder', path: '/a' })
      disk.link('/a/x', '/a/y')
      disk.unlink('/a/x')
      disk.mkdir('/a/b')
      disk.create('/a/b/z')
    })
    const [x, y, z] = ['/a/x=', '/a/y=', '/a/b/z=']
    const subsets = ['', x, y, z, `${z} ${x}`, `${x} ${y}`, `${z} ${y}`, `${z} ${x} ${y}`]
    assert.deepEqual(left, subsets.toSorted())
  })
})

describe('a simulated machine', () => {
  it('ends all processes when its power is lost, and keeps what was promised', async () => {
    const { scheduler, storage, store, process } = newWorld(['nameLost', 'writeLost'])
    await during(scheduler, write(store, 'runs/a'))
    await during(scheduler, store.putIfAbsent('claim.json', bytes('mine')))
    storage.machine.losePower()
    assert.equal(process.isAlive, false)
    const next = storage.open('sim/a', new Scope('next'))
    assert.equal(text(await during(scheduler, next.read('runs/a'))), CONTENT)
    assert.equal(text(await during(scheduler, next.read('claim.json'))), 'mine')
  })

  it('leaves the disk as it is when a process ends alone', async () => {
    const { scheduler, storage, store, process } = newWorld(['nameLost', 'writeLost'])
    const writer = await during(scheduler, store.create('runs/a'))
    await during(scheduler, writer.write(bytes(CONTENT)))
    process.kill()
    const left = [...storage.machine.disk.image]
    assert.equal(left.length, 1)
    assert.equal(text(left[0]?.[1] ?? new Uint8Array()), CONTENT)
    const next = storage.open('sim/a', new Scope('next'))
    assert.equal(await during(scheduler, next.cleanTemporary?.() ?? Promise.resolve(0)), 1)
  })

  it('is caught when it loses what it promised', async () => {
    const { scheduler, storage, store } = newWorld()
    await during(scheduler, store.putIfAbsent('claim.json', bytes('mine')))
    storage.machine.disk.restart({ files: new Map(), folders: new Set(['/']) })
    assert.throws(() => storage.machine.losePower(), /claim\.json is gone after a loss of power/)
  })

  it('loses its power in the middle of any operation', async () => {
    const seen = new Set<number>()
    for (let seed = 1; seed <= 20; seed++) {
      const { scheduler, storage, store } = newWorld(['powerLost'], seed)
      void store.putIfAbsent('claim.json', bytes('mine'))
      await assert.rejects(
        scheduler.drive(() => false),
        /nothing is left/,
      )
      seen.add(storage.machine.boots)
    }
    assert.deepEqual(seen, new Set([2]))
  })
})

describe('a simulated disk', () => {
  it('reads and writes by parts, and gives all of it', async () => {
    const { scheduler, faults, store } = newWorld(['shortRead', 'shortWrite'])
    await during(scheduler, write(store, 'runs/a'))
    assert.equal(text(await during(scheduler, store.read('runs/a'))), CONTENT)
    assert.ok((faults.fired.get('shortRead') ?? 0) > 1 && (faults.fired.get('shortWrite') ?? 0) > 1)
  })

  const troubles: readonly (readonly [FaultKind, string])[] = [
    ['diskFull', 'ENOSPC'],
    ['tooManyFiles', 'EMFILE'],
    ['diskError', 'EIO'],
  ]
  for (const [kind, code] of troubles) {
    it(`fails with ${code} under ${kind}, and works when it is healed`, async () => {
      const { scheduler, faults, store } = newWorld([kind])
      const failed = during(scheduler, store.putIfAbsent('a', bytes('x'))).catch(codeOf)
      assert.equal(await failed, `STORAGE_FAILED ${code}`)
      faults.heal()
      assert.equal(await during(scheduler, store.putIfAbsent('a', bytes('x'))), true)
    })
  }

  it('becomes full in the middle of a write, which then is visible to nobody', async () => {
    const outcomes = new Set<string | boolean>()
    for (let seed = 1; seed <= 40; seed++) {
      const { scheduler, faults, storage, store } = newWorld({ diskFull: 0.2 }, seed)
      const outcome = await during(scheduler, store.putIfAbsent('a', bytes(CONTENT))).catch(codeOf)
      outcomes.add(outcome)
      const isThere = storage.directory('sim/a').lengthOf('a') !== undefined
      assert.equal(isThere, outcome === true)
      faults.heal()
      if (!isThere) await during(scheduler, store.putIfAbsent('a', bytes(CONTENT)))
      assert.equal(text(await during(scheduler, store.read('a'))), CONTENT)
    }
    assert.deepEqual(outcomes, new Set([true, 'STORAGE_FAILED ENOSPC']))
  })

  it('takes long when it is slow', async () => {
    const { scheduler, store } = newWorld(['diskSlow'])
    await during(scheduler, write(store, 'runs/a'))
    assert.ok(scheduler.nowMs > 20, `${scheduler.nowMs} ms`)
  })

  it('gives another bit once under readFlip', async () => {
    const { scheduler, faults, store } = newWorld(['readFlip'])
    await during(scheduler, write(store, 'runs/a'))
    assert.notEqual(text(await during(scheduler, store.read('runs/a'))), CONTENT)
    faults.heal()
    assert.equal(text(await during(scheduler, store.read('runs/a'))), CONTENT)
  })

  const damages = ['bitRot', 'lostWrite', 'misdirectedWrite'] as const
  for (const kind of damages) {
    it(`holds something else for good under ${kind}`, async () => {
      const left = new Set<boolean>()
      for (let seed = 1; seed <= 12; seed++) {
        const { scheduler, faults, store } = newWorld([kind], seed)
        await during(scheduler, write(store, 'runs/a'))
        await during(scheduler, write(store, 'runs/b', 'b'.repeat(40)))
        await during(scheduler, store.read('runs/a'))
        faults.heal()
        const [a, b] = [
          await during(scheduler, store.read('runs/a')),
          await during(scheduler, store.read('runs/b')),
        ]
        const isSound = text(a) === CONTENT && text(b) === 'b'.repeat(40)
        assert.equal(isSound, !faults.hasDamage)
        left.add(isSound)
      }
      // Two of three machines have a disk that keeps its promises.
      assert.deepEqual(left, new Set([true, false]))
    })
  }

  it('forgets under lostSync what it said was synced, if the power is lost', async () => {
    const lost = new Set<boolean>()
    for (let seed = 1; seed <= 12; seed++) {
      const { scheduler, faults, storage, store } = newWorld(
        ['lostSync', 'writeLost', 'nameLost'],
        seed,
      )
      await during(scheduler, write(store, 'runs/a'))
      storage.machine.losePower()
      const next = storage.open('sim/a', new Scope('next'))
      const found = await during(scheduler, next.read('runs/a')).then(text, () => 'nothing')
      assert.equal(found === CONTENT, !faults.hasDamage)
      lost.add(found !== CONTENT)
    }
    assert.deepEqual(lost, new Set([true, false]))
  })

  it('does the same again for the same seed', async () => {
    const kinds: readonly FaultKind[] = [
      'shortRead',
      'shortWrite',
      'readFlip',
      'diskSlow',
      'nameLost',
    ]
    const hashes = new Set<string>()
    for (let round = 0; round < 2; round++) {
      const { scheduler, storage, store } = newWorld(kinds, 7)
      await during(scheduler, write(store, 'runs/a'))
      await during(scheduler, store.list(''))
      storage.machine.losePower()
      hashes.add(scheduler.traceHash)
    }
    assert.equal(hashes.size, 1)
  })
})
