/** The backend that keeps what memory has no room for in HBase, by its REST server. */
export { hbase } from './hbase.ts'
