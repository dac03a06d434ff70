/** Times and numbers of the job that its oracle must know, too. All times in ms of event time. */

export const WINDOW_MS = 1_000
export const SESSION_GAP_MS = 2_000
/** More than a watermark may lag behind, less than a visitor stays away without that. */
export const VISIT_OVER_AFTER_MS = 12_000

export const SETTLE_EVERY = 20
export const SETTLE_AFTER_MS = 3_000
/** A timer that is set so far ahead is deleted before it is due, ten orders later. */
export const REVOKED_AFTER_MS = 120_000
export const REMIND_EVERY = 10
