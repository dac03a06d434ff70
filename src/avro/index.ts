/** Avro schemas as types of state: one format for all state, whatever it is declared with. */
export { avroType } from './avro-type.ts'
export type { AvroOptions } from './avro-type.ts'
export type { AvroSchema, AvroValue } from './schema.ts'
