/** What the package exports of this folder: functions of lines for `map` and `flatMap`. */
export { fields } from './fields.ts'
export { jsonField } from './json-field.ts'
export { splitBy } from './split-by.ts'
export type { TextFunction } from './text-function.ts'
export { words } from './words.ts'
