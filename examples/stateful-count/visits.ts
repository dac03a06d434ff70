// A keyed process function: one value of state per user, and now and then a result.
import { type Infer, keyedProcess, t, valueState } from 'millrace'

export const Visit = t.struct({ user: t.string, page: t.string })
export type Visit = Infer<typeof Visit>

export const Milestone = t.struct({ user: t.string, visits: t.int32, page: t.string })
export type Milestone = Infer<typeof Milestone>

const every = 10

/** Counts the visits of each user; the first and every tenth is a milestone. */
export const milestones = keyedProcess({
  key: t.string,
  input: Visit,
  output: Milestone,
  state: { visits: valueState(t.int32, { initial: 0 }) },
  processElement({ page }, ctx, out) {
    const visits = ctx.state.visits.value() + 1
    ctx.state.visits.update(visits)
    if (visits === 1 || visits % every === 0) {
      out.collect({ user: ctx.currentKey, visits, page })
    }
  },
})
