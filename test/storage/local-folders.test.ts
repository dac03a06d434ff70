// Folders that are made while making or syncing them fails: what is promised later lasts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Disk, systemError } from '../../simulation/disk/disk.ts'
import { filesOn, type FileOperation } from '../../simulation/disk/files.ts'
import { namesLeft } from '../../simulation/disk/power.ts'
import type { FileOperations } from '../../src/storage/local-files.ts'
import { LocalBlobStore } from '../../src/storage/local.ts'

const skip = process.platform === 'win32' ? 'folders cannot be synced on Windows' : false
const ROOT = '/disk/state/job'
const ATTEMPTS_MAX = 4

/** A disk on which `codeOf` says what fails; folders that cannot be made may be there already. */
function newDisk(codeOf: (operation: FileOperation, path: string) => string | undefined) {
  const disk = new Disk()
  const files = filesOn(disk, {
    perform: async (operation, path, effect) => {
      const code = codeOf(operation, path)
      if (code === undefined) return effect()
      if (operation === 'mkdir') effect()
      throw systemError(code, path)
    },
  })
  return { disk, files }
}

/** The name of the put that did not fail. */
async function put(open: () => LocalBlobStore): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    try {
      await open().putIfAbsent(`chain/${attempt}`, new Uint8Array(1))
      return `${ROOT}/chain/${attempt}`
    } catch (error) {
      if (attempt === ATTEMPTS_MAX) throw error
    }
  }
}

/** Who tries again: the same store, or that of another process. */
const retries = {
  'the same store': (files: FileOperations) => {
    const store = new LocalBlobStore(ROOT, { files })
    return () => store
  },
  'another store': (files: FileOperations) => () => new LocalBlobStore(ROOT, { files }),
}

for (const [who, opener] of Object.entries(retries)) {
  test(`what ${who} puts after a failed sync outlasts a loss of power`, { skip }, async () => {
    let operations = 0
    let last = 0
    for (let first = 1; first <= 12; first++) {
      for (let second = first; second <= 12; second++) {
        operations = 0
        const { disk, files } = newDisk((operation) => {
          if (operation !== 'sync-folder' && operation !== 'mkdir') return undefined
          return [first, second].includes(++operations) ? 'EIO' : undefined
        })
        const name = await put(opener(files))
        const left = namesLeft(disk, () => true).files
        assert.ok(left.has(name), `${name} is gone after operations ${first} and ${second} failed`)
        last = Math.max(last, operations)
      }
    }
    assert.ok(last > 8, `only ${last} operations`)
  })
}

test('folders above that are not for this user to open or sync are let go', { skip }, async () => {
  for (const code of ['EACCES', 'EINVAL']) {
    const { disk, files } = newDisk((operation, path) => {
      return operation === 'sync-folder' && path === '/' ? code : undefined
    })
    disk.mkdir('/disk')
    assert.equal(await put(retries['the same store'](files)), `${ROOT}/chain/1`)
  }
})
