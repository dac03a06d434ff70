/** The backend that keeps what memory has no room for in Cassandra, by `cassandra-driver`. */
export { cassandra } from './cassandra.ts'
