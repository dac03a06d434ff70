/** The side output that records go to which a source could not read, if it was asked to. */
import { t } from '../types/t.ts'
import { outputTag } from './output-tag.ts'
import type { OutputTag } from './output-tag.ts'
import type { MalformedRecord } from './source.ts'

/**
 * @example
 * const orders = env.fromSource('orders', fileSource({ path, format, onMalformed: 'side-output' }))
 * orders.sideOutput(malformedTag).print('malformed')
 */
export const malformedTag: OutputTag<MalformedRecord> = outputTag<MalformedRecord>(
  'malformed',
  t.struct({
    file: t.string,
    line: t.float64,
    offset: t.float64,
    text: t.string,
    reason: t.string,
  }),
)
