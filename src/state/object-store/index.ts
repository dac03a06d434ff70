/** The backend that keeps what memory has no room for in an object store. */
export { objectStore, type ObjectStoreOptions } from './object-store.ts'
