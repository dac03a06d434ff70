/** A channel of an input gate. */
import type { Output } from '../../operators/operator.ts'
import type { Type } from '../../types/type.ts'
import type { ChannelReader } from './channel.ts'
import type { ChannelInput } from './in-flight.ts'

export interface GateChannel {
  /** Who sends, for messages. */
  readonly sender: string
  readonly reader: ChannelReader
  readonly type: Type<unknown>
  /** Where its records go: the head's stage for this input. */
  readonly output: Output
  readonly input: ChannelInput
  /** Subtasks of both ends. */
  readonly from: number
  readonly to: number
  /** Barriers are waited for here in any mode: all subtasks must see the same before their cuts. */
  readonly isBroadcast: boolean
}
