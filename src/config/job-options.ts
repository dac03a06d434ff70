/**
 * The options a job states in code, in the words of the one table (`options.ts`): all of it but
 * what only a start can say (`from`, `fresh`, …). The backend is added in `graph/job.ts`: here
 * nothing knows what one is.
 */
import type { OptionsInput } from './values.ts'

type NotInCode =
  | 'control'
  | 'directory'
  | 'from'
  | 'fresh'
  | 'acceptDuplicates'
  | 'standby'
  | 'logLevel'
  | 'backend'
  | 'restart'
type Restart = Required<NonNullable<OptionsInput['restart']>>

/** What follows a failure that a restart may cure. */
export type RestartOptions =
  | { readonly strategy: 'none' }
  /** `attempts` restarts in a row, `delay` before each. */
  | ({ readonly strategy: 'fixed-delay' } & Partial<Pick<Restart, 'attempts' | 'delay'>>)
  /** The delay doubles from `delay` to `maxDelay`, anew after `resetAfter` without failure. */
  | ({ readonly strategy: 'exponential-delay' } & Partial<
      Pick<Restart, 'attempts' | 'delay' | 'maxDelay' | 'resetAfter'>
    >)
  /** Up to `failures` within `interval`, `delay` before each restart. */
  | ({ readonly strategy: 'failure-rate' } & Partial<
      Pick<Restart, 'failures' | 'interval' | 'delay'>
    >)

export type PlainJobOptions = Omit<OptionsInput, NotInCode> & {
  readonly restart?: RestartOptions
}
