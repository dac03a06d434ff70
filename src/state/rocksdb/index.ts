/** The backend for state larger than memory, over the optional package `@nxtedition/rocksdb`. */
export { rocksdbIsAvailable } from './binding.ts'
export { rocksdb } from './rocksdb.ts'
export type { RocksDbOptions } from './rocksdb.ts'
