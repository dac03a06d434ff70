// A process that may open no more files says so, and not that RocksDB is made for other machines.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { rocksdbIsAvailable } from '../../../src/state/rocksdb/binding.ts'

const BINDING = new URL('../../../src/state/rocksdb/binding.ts', import.meta.url)

/** Opens files until it may open no more, then a database; what is imported before is there. */
const PROGRAM = `
import { openSync } from 'node:fs'
import { openRocksDb } from '${BINDING.href}'
try {
  for (;;) openSync('/dev/null')
} catch {}
const options = { directory: 'nowhere', blockCacheBytes: 1, writeBufferBytes: 1 }
await openRocksDb(options).catch(({ code, message, cure }) => console.log(code, message, cure))
`

const canRun = process.platform !== 'win32' && rocksdbIsAvailable()

test('a package that cannot be opened for want of handles', { skip: !canRun }, () => {
  const node = [process.execPath, ...process.execArgv, '--input-type=module', '--eval', PROGRAM]
  const said = execFileSync('sh', ['-c', 'ulimit -n 200; exec "$@"', 'sh', ...node], {
    encoding: 'utf8',
  })
  assert.match(said, /^STORAGE_FAILED cannot open @nxtedition.rocksdb: EMFILE.*ulimit -n/)
})
