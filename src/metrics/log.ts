/**
 * The logger the engine writes to: pino's call shape, so that a pino instance fits as it is. An
 * embedded job is silent unless given one. Lifecycle events go to `node:diagnostics_channel` too,
 * under the names of `metrics/events.ts`.
 */

export type LogFields = Readonly<Record<string, unknown>>

export interface Logger {
  debug(fields: LogFields, message?: string): void
  info(fields: LogFields, message?: string): void
  warn(fields: LogFields, message?: string): void
  error(fields: LogFields, message?: string): void
  /** A logger that adds `fields` (job, operator, subtask, checkpoint) to every line. */
  child(fields: LogFields): Logger
}

const nothing = (): void => undefined

export const silentLogger: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => silentLogger,
}
