/** The line between a task and the helper thread of its remote store, whoever is at its end. */

/** The task's end. */
export interface HelperPort {
  /** Takes the bytes away from the caller. */
  post(request: Uint8Array): void
  /** The next answer, if there is one. */
  receive(): Uint8Array | undefined
  /** Blocks the thread until an answer may be there, or so long. */
  wait(timeoutMs: number): void
  /** The same without blocking it. */
  arrives(): Promise<void>
  close(): Promise<void>
}

export interface HelperSpec {
  /** URL of what exports an `OpenRemoteTable`: one of our own modules, never from outside. */
  readonly module: string
  /** Can be cloned. */
  readonly options: unknown
  readonly scope: string
}

export type StartHelper = (spec: HelperSpec) => HelperPort
