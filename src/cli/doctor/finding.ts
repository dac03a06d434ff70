/** What `millrace doctor` finds: one line a check. */

export interface DoctorFinding {
  /** What was looked at: `node`, `disk space`, `job words`. */
  readonly check: string
  /** `note` is worth knowing; only a `problem` makes the command fail. */
  readonly level: 'ok' | 'note' | 'warning' | 'problem'
  readonly detail: string
  /** What to do; for everything but `ok`. */
  readonly cure?: string
}
