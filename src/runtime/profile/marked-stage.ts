/** Marks before the operators of a chain. */
import type { Stage } from '../stage.ts'
import type { Marks } from './marks.ts'

/** What the profile shows of an operator, and how the report calls it. */
export function nameOf(node: { readonly uid: string | undefined; readonly label: string }): string {
  return node.uid ?? node.label
}

export function markStage(stage: Stage, node: number, name: string, marks: Marks): void {
  marks.methods(stage.second, node, name, { collect: 'record', collectHashed: 'record' })
  marks.methods(stage, node, name, {
    collect: 'record',
    collectHashed: 'record',
    watermark: 'engine',
    endInput: 'engine',
    flush: 'engine',
    resume: 'engine',
    processingTime: 'engine',
    start: 'engine',
  })
}
