/**
 * Messages in one direction, between a master and a worker: delivered in order after some time. A
 * message that overtook another would be a fault that no thread of the real world has.
 */
import type { Random } from '../src/util/random.ts'
import type { FaultPlan } from './faults.ts'
import type { Scheduler, Scope } from './scheduler.ts'

export interface MessageWorld {
  readonly scheduler: Scheduler
  readonly faults: FaultPlan
}

const MESSAGE_MS_MAX = 0.6
export const SLOW_MESSAGE_MS_MAX = 40

export class MessageLine {
  readonly #world: MessageWorld
  readonly #random: Random
  readonly #receiver: Scope
  #lastAtMs = 0

  constructor(world: MessageWorld, random: Random, receiver: Scope) {
    this.#world = world
    this.#random = random
    this.#receiver = receiver
  }

  send(label: string, deliver: () => void): void {
    const { scheduler, faults } = this.#world
    const { nowMs } = scheduler
    const delayMsMax = faults.strikes('messageSlow') ? SLOW_MESSAGE_MS_MAX : MESSAGE_MS_MAX
    this.#lastAtMs = Math.max(this.#lastAtMs, nowMs + this.#random.next() * delayMsMax)
    // As a delay it would be rounded, and might come before the one it is to come after.
    scheduler.scheduleAt(this.#receiver, this.#lastAtMs, label, deliver)
  }
}
