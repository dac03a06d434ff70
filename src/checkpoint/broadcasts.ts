/**
 * Broadcast state must be equal in all subtasks of an operator: a checkpoint holds one copy, and
 * every subtask restores from that. Each says with its acknowledgement which state it has; one that
 * differs would go on from a state it never had.
 */
import type { ErrorData } from '../errors.ts'

/** What a subtask holds of one broadcast state. */
export interface BroadcastDigest {
  readonly uid: string
  readonly name: string
  /** Of its bytes in key order. */
  readonly hash: string
}

interface Digested {
  readonly task: { readonly vertex: number; readonly subtaskIndex: number }
  readonly broadcasts?: readonly BroadcastDigest[]
}

/** The first state that is not equal everywhere, as an error; undefined if all are. */
export function broadcastDifference(tasks: readonly Digested[]): ErrorData | undefined {
  const first = new Map<string, { readonly hash: string; readonly subtaskIndex: number }>()
  for (const { task, broadcasts = [] } of tasks) {
    for (const { uid, name, hash } of broadcasts) {
      const { subtaskIndex } = task
      const held = first.get(`${uid}/${name}`)
      if (held === undefined) first.set(`${uid}/${name}`, { hash, subtaskIndex })
      else if (held.hash !== hash) return difference(uid, name, [held.subtaskIndex, subtaskIndex])
    }
  }
  return undefined
}

function difference(uid: string, name: string, subtasks: readonly number[]): ErrorData {
  return {
    code: 'FUNCTION_FAILED',
    message:
      `the broadcast state "${name}" of "${uid}" differs between its subtasks ` +
      `${subtasks.join(' and ')}: its function is not deterministic`,
    cure:
      'what processBroadcastElement does must follow from its records alone, and not from the ' +
      'order in which those of several upstream subtasks come',
    retryable: false,
    details: { operator: uid, state: name },
  }
}
