// Folders of output outlast a loss of power, whoever has made them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Disk, systemError } from '../../../simulation/disk/disk.ts'
import { filesOn } from '../../../simulation/disk/files.ts'
import { namesLeft } from '../../../simulation/disk/power.ts'
import { makeDirectory } from '../../../src/connectors/file/part-file.ts'

const skip = process.platform === 'win32' ? 'folders cannot be synced on Windows' : false

/** What is left when each change of a name is lost that may be. */
const foldersLeft = (disk: Disk) => namesLeft(disk, () => true).folders

test('a folder that another process made and did not sync is made durable', { skip }, async () => {
  const disk = new Disk()
  disk.mkdir('/disk/out/part')
  const files = filesOn(disk, { perform: async (_operation, _path, effect) => effect() })
  await makeDirectory('/disk/out/part', files)
  assert.ok(foldersLeft(disk).has('/disk/out/part'))
})

test('a folder that could not be synced is synced by the next attempt', { skip }, async () => {
  for (const failing of ['/', '/disk', '/disk/out']) {
    const disk = new Disk()
    let fails = true
    const files = filesOn(disk, {
      perform: async (operation, path, effect) => {
        if (fails && operation === 'sync-folder' && path === failing) throw systemError('EIO', path)
        return effect()
      },
    })
    await assert.rejects(makeDirectory('/disk/out/part', files), {
      code: 'CONNECTOR_FAILED',
      message: /^making the folder \/disk\/out\/part failed with EIO$/,
    })
    fails = false
    await makeDirectory('/disk/out/part', files)
    assert.ok(foldersLeft(disk).has('/disk/out/part'), failing)
  }
})
