/**
 * The place of a join: two keyed streams of a job, the node over both, and what all joins choose
 * alike.
 */
import type { LateTags, OuterSides } from '../operators/joins/interval.ts'
import type { Operator, OperatorContext } from '../operators/operator.ts'
import type { StateSchema } from '../state/descriptors.ts'
import { dynamicType } from '../types/dynamic.ts'
import type { Type } from '../types/type.ts'
import { checkSideOutputs } from './process-node.ts'
import { type Call, commonType, invalid, type Site } from './site.ts'
import type { DataStream } from './streams/data.ts'
import type { LateOutputs } from './streams/joined.ts'
import { type KeyedInput, keyedPair } from './two-inputs.ts'
import type { SideOutputs } from './window-checks.ts'

/** An operator over both streams. */
interface JoinNode {
  readonly states: StateSchema
  readonly sideOutputs: SideOutputs
  readonly outputType?: Type<unknown>
  readonly create: (context: OperatorContext) => Operator
}

/** The two streams of a join, and where its node goes. */
export class JoinSite {
  readonly leftType: Type<unknown>
  readonly rightType: Type<unknown>
  readonly #site: Site
  readonly #left: KeyedInput
  readonly #right: KeyedInput

  constructor(site: Site, left: KeyedInput, right: KeyedInput) {
    this.#site = site
    this.#left = left
    this.#right = right
    this.leftType = commonType(left.upstreams)
    this.rightType = commonType(right.upstreams)
  }

  add<O>(call: Call, node: JoinNode): DataStream<O> {
    const { operation, uid, location } = call
    const { sideOutputs, outputType = dynamicType<O>(), ...own } = node
    const whole = {
      ...keyedPair(call, this.#left, this.#right),
      ...own,
      kind: 'operator' as const,
      operation,
      uid,
      location,
      outputType,
      usesTimers: true,
      isUndoable: true,
    }
    const { builder } = this.#site
    const from =
      typeof sideOutputs === 'string'
        ? builder.addWithOpenSideOutputs(whole)
        : builder.add({ ...whole, sideOutputs })
    return this.#site.stream([{ from, tag: undefined, type: outputType }])
  }
}

export const INNER: OuterSides = Object.freeze({ left: false, right: false })
export const NO_TAGS: LateTags = Object.freeze({ left: undefined, right: undefined })

/** What is given, beside what was chosen before. */
export function lateTags<L, R>(tags: LateOutputs<L, R>, before: LateTags, call: Call): LateTags {
  const { left, right } = tags ?? {}
  if (left === undefined && right === undefined) {
    throw invalid(call, 'got no tags', 'pass { left: outputTag(…), right: outputTag(…) }')
  }
  for (const tag of [left, right]) {
    if (tag === undefined || typeof tag.name === 'string') continue
    throw invalid(call, 'got something that is no tag', 'make it with outputTag(name, type)')
  }
  return { left: left ?? before.left, right: right ?? before.right }
}

export function outputsOf(
  { left, right }: LateTags,
  call: Call,
): ReadonlyMap<string, Type<unknown>> {
  const tags = [left, right].filter((tag) => tag !== undefined)
  return checkSideOutputs(tags, call) ?? new Map()
}
