/**
 * Rules that are broadcast. What is kept of them tells whether one was missed, came twice or in
 * another order; each payment's line says how many were known, and their digest.
 */
import { counterState, keyedBroadcastProcess, mapState, t } from 'millrace'
import { Payment } from './payments.ts'

const RULES_KEPT = 20

export const ruleState = {
  facts: mapState(t.string, t.float64),
  rules: mapState(t.float64, t.float64),
}

export const rated = keyedBroadcastProcess({
  key: t.string,
  input: Payment,
  broadcastInput: t.float64,
  broadcast: ruleState,
  output: t.string,
  state: { seen: counterState() },
  processElement({ amount }, { state, broadcast: { facts }, currentKey }, out) {
    const known = facts.get('known') ?? 0
    const digest = facts.get('digest') ?? 0
    out.collect(`rated|${currentKey}|${state.seen.increment()} ${amount}|${known} ${digest}`)
  },
  processBroadcastElement(rule, { broadcast: { facts, rules } }) {
    const known = (facts.get('known') ?? 0) + 1
    rules.set(known % RULES_KEPT, rule)
    facts.set('digest', ((facts.get('digest') ?? 0) * 31 + rule) % 1_000_000_007)
    facts.set('known', known)
  },
})
