// What the types of patterns infer and refuse: checked by the compiler, never run. Each expected
// error is a mistake of a user that the types catch.
import { describe, it } from 'node:test'
import {
  type DataStream,
  type Events,
  type KeyedStream,
  type Match,
  outputTag,
  type Pattern,
  pattern,
  skipToFirst,
  skipToLast,
  t,
} from 'millrace'

interface Login {
  readonly type: 'login'
  readonly user: string
  readonly ok: boolean
}
interface Payment {
  readonly type: 'payment'
  readonly user: string
  readonly amount: number
}
type Action = Login | Payment
const isLogin = (action: Action): action is Login => action.type === 'login'
const isPayment = (action: Action): action is Payment => action.type === 'payment'

type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : never
function same<A, B>(_proof: Same<A, B>): void {}
type MatchOf<P> = P extends Pattern<Action, infer M> ? Match<M> : never

/** Holds code that is compiled and not run. */
function compiles(_code: (actions: KeyedStream<string, Action>) => void): void {}
const { begin } = pattern<Action>()

describe('the types of a pattern', () => {
  it('infer what a match has from the names', () => {
    compiles(() => {
      const three = begin('fail', isLogin).times(3).next('pay', isPayment)
      same<MatchOf<typeof three>, { readonly fail: Events<Login>; readonly pay: Events<Payment> }>(
        true,
      )
      const guarded = begin('any').where((action) => action.type === 'payment')
      same<MatchOf<typeof guarded>, { readonly any: Events<Payment> }>(true)
      const optional = begin('a', isLogin).optional().followedBy('b')
      same<MatchOf<typeof optional>, { readonly a: readonly Login[]; readonly b: Events<Action> }>(
        true,
      )
      const range = begin('a', isLogin).times(0, 2).followedBy('b').times(1, 2)
      same<MatchOf<typeof range>, { readonly a: readonly Login[]; readonly b: Events<Action> }>(
        true,
      )
      const not = begin('a').notNext('no', isLogin).notFollowedBy('never').next('b').within('1 s')
      same<MatchOf<typeof not>, { readonly a: Events<Action>; readonly b: Events<Action> }>(true)
      const group = begin('a').next(begin('b', isLogin).next('c')).oneOrMore().next('d')
      same<
        MatchOf<typeof group>,
        {
          readonly a: Events<Action>
          readonly b: Events<Login>
          readonly c: Events<Action>
          readonly d: Events<Action>
        }
      >(true)
      const maybe = begin('a').next(begin('b', isLogin)).optional()
      same<MatchOf<typeof maybe>, { readonly a: Events<Action>; readonly b: readonly Login[] }>(
        true,
      )
      const either = begin('a', isLogin).or(isPayment)
      same<MatchOf<typeof either>, { readonly a: Events<Action> }>(true)
    })
  })

  it('give conditions the steps before, and their own so far', () => {
    compiles(() => {
      begin('fail', isLogin)
        .times(3)
        .next('pay', (action, { match, timestamp }) => {
          const first: Login = match.fail[0]
          const own: readonly Action[] = match.pay
          return first.user === action.user && own.length < 3 && timestamp > 0
        })
        .until((action, { match }) => match.pay.length > 2 && action.user === match.fail[0].user)
      begin('fail', isLogin)
        .optional()
        // @ts-expect-error there may be none
        .next('pay', (action, { match }) => match.fail[0].user === action.user)
      // @ts-expect-error no step before has that name
      begin('fail').next('pay', (_action, { match }) => match.success.length > 0)
      // @ts-expect-error what must not occur has no events
      begin('fail').notNext('pay', (_action, { match }) => match.pay.length > 0)
      // @ts-expect-error a payment has no such field
      begin('pay', isPayment).where((payment) => payment.ok)
    })
  })

  it('refuse what makes no sense', () => {
    compiles((actions) => {
      // @ts-expect-error two steps of one name
      begin('a').next('a')
      // @ts-expect-error also for what must not occur
      begin('a').notNext('a')
      // @ts-expect-error what must not occur has no quantifier
      begin('a').notNext('b').oneOrMore()
      // @ts-expect-error nor may it be left out
      begin('a').notFollowedBy('b').optional()
      // @ts-expect-error a group is never greedy
      begin(begin('a')).oneOrMore().greedy()
      // @ts-expect-error nor has it a condition
      begin(begin('a')).where(isLogin)
      // @ts-expect-error it needs a beginning
      pattern<Action>().next('a')
      // @ts-expect-error conditions are synchronous
      begin('a', async () => true)
      // @ts-expect-error a misspelt unit
      begin('a').within('5 secs')
      // @ts-expect-error no such step
      begin('a').next('b').afterMatch(skipToFirst('c'))
      begin('a').next('b').afterMatch(skipToLast('b'))
      // @ts-expect-error events of another type
      actions.pattern(pattern<{ readonly id: number }>().begin('a'))
    })
  })

  it('reach the functions over matches', () => {
    compiles((actions) => {
      const failed = begin('fail', isLogin).times(3).next('pay', isPayment).within('10 min')
      const users = actions.pattern(failed).select('users', (match, { key }) => {
        const amount: number = match.pay[0].amount
        return { key, user: match.fail[0].user, amount }
      })
      same<typeof users, DataStream<{ key: string; user: string; amount: number }>>(true)
      const abandoned = outputTag('abandoned', t.string)
      actions
        .pattern(failed)
        // @ts-expect-error a partial match may have no event of any step
        .timedOut(abandoned, (match) => match.fail[0].user)
        .timedOut(abandoned, (match) => match.fail[0]?.user ?? '')
        // @ts-expect-error the tag is for strings
        .timedOut(abandoned, (match) => match.fail.length)
        .process<string>('names', {
          output: t.string,
          processMatch: (match, ctx, out) => {
            out.collect(match.fail[0].user)
            ctx.output(abandoned, ctx.key)
          },
        })
      // @ts-expect-error no such step
      actions.pattern(failed).select('wrong', (match) => match.paid)
      // @ts-expect-error functions are synchronous
      actions.pattern(failed).select('wrong', async (match) => match.fail[0].user)
    })
  })
})
