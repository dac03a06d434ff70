/** The backend that holds all state in memory; checkpoints make it survive. */
export { hashmap } from './hashmap.ts'
