/**
 * The seams between the engine and the world. A `Host` drives the master (embedded or simulated);
 * each worker gets a `WorkerHost`. Nothing in `runtime/` outside the `host-*` and `worker-thread`
 * files reaches threads, clocks or disks in another way.
 */
import type { ProcessFacts } from '../checkpoint/lease-marks.ts'
import type { FromWorker, ToWorker } from '../checkpoint/messages.ts'
import type { OptionLayer } from '../config/resolve.ts'
import type { LazyRestoreOptions, NativeStoreFactory } from '../state/backend.ts'
import type { StartHelper } from '../state/remote/helper-port.ts'
import type { RunMerger } from '../state/runs/merger.ts'
import type { BlockSealer } from '../state/runs/sealer.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import type { Scratch } from '../storage/scratch.ts'
import type { KeyRing } from '../encryption/key-ring.ts'
import type { SignatureRing } from '../signing/signature-ring.ts'
import type { Clock } from '../util/clock.ts'
import type { Random } from '../util/random.ts'
import type { ErrorData } from '../errors.ts'
import type { HttpControl } from './control/http-options.ts'
import type { Doorbell } from './exchange/channel.ts'
import type { WorkerLook } from './heartbeat.ts'
import type { Profiler } from './profile/worker-profile.ts'

/** What a worker is started with; plain data except for a job value given to the same thread. */
export interface WorkerSpec {
  readonly index: number
  /** URL of the job's module, or undefined when the job value itself is given. */
  readonly moduleUrl: string | undefined
  readonly job: unknown
  /** Microseconds between two samples of its profile; absent: it is not profiled. */
  readonly profileIntervalUs?: number
}

/** The master's end of a worker. */
export interface WorkerMemory {
  readonly heapBytes: number
  /** Buffers, and what the engine has for itself. */
  readonly outsideBytes: number
}

export interface WorkerPort {
  send(message: ToWorker): void
  /** Ends the worker at once, whatever it does; resolves when it is gone. */
  terminate(): Promise<void>
  /**
   * How often its thread has turned: more and more while it lives, and the same while a call does
   * not return. Absent where nothing can be said of it.
   */
  beats?(): number
  /** What it holds, also in the middle of a call. Absent where nothing can be said of it. */
  memory?(): Promise<WorkerMemory>
  /** What it may hold in its heap, and as much outside of it; without it there is no limit. */
  readonly memoryBytesMax?: number
  /** Where its thread is; undefined without an answer in time. Throws where nobody can look. */
  look?(withinMs: number): Promise<WorkerLook | undefined>
}

export interface WorkerEvents {
  message(message: FromWorker): void
  /** The worker is gone; `error` says why if it was not asked to close. */
  exit(error: ErrorData | undefined): void
}

export interface ClaimRequest {
  readonly directory: string
  readonly jobName: string
  /** Of this claim; no other has it. */
  readonly id: string
  /** An owner whose lease has ended: it is succeeded although its process may still be there. */
  readonly lapsed?: readonly string[] | undefined
  /** Of each file of the audit log. */
  readonly auditBytes?: number | undefined
  /** How the job is asked over HTTP; undefined: only through its socket. */
  readonly http?: HttpControl | undefined
  /** True for a job that goes on elsewhere already: HTTP may wait until its port is free. */
  readonly isTakeover?: boolean | undefined
  /** Something is not as it should be, and the job goes on. */
  readonly warn?: ((error: unknown) => void) | undefined
  /** The job can be asked over HTTP now. */
  readonly onHttp?: ((url: string) => void) | undefined
}

/** A claim on a job's folder: as long as it is held, another live process is refused. */
export interface JobClaim {
  /** Connects the control socket to the running job. */
  serve(control: ControlHandler): void
  release(): Promise<void>
}

/** The process that has claimed a job's folder on this machine. */
export interface FolderOwner {
  /** The id of its claim. */
  readonly claim: string
  readonly isGone: boolean
  /** Resolves when the process has ended or given the folder free; at once if it has. */
  readonly gone: Promise<void>
  /** Watches no longer. */
  close(): void
}

/** What the control socket can ask of a running job. */
export interface ControlHandler {
  status(): unknown
  /** Those that are there, newest first. */
  checkpoints(): Promise<unknown>
  checkpoint(options: { readonly full?: boolean }): Promise<unknown>
  savepoint(directory: string): Promise<unknown>
  stop(options: { readonly savepoint?: string; readonly drain?: boolean }): Promise<unknown>
  cancel(): Promise<unknown>
  /** Tries again what an operator has parked, or one key of it as people type it. */
  release(operator: string, key: string | undefined): Promise<unknown>
  /** Erases a subject, as people type it: text, or what `type` says. */
  erase(subject: string, type: string | undefined): Promise<unknown>
  /** Lets a standby lead. */
  handOver(): Promise<unknown>
}

/** @param whose `foreign`: what another job wrote, which may be encrypted or not */
export type OpenStore = (location: string, whose?: 'own' | 'foreign') => Promise<BlobStore>

export interface Host {
  readonly clock: Clock
  readonly random: Random
  /** Memory of the container or machine, of which a job takes its share. */
  readonly memoryBytes: number
  /**
   * Size of the rings between workers, how many values may wait for a sink's writer before its
   * task stops, how long background work goes on in a turn, and how many due timers fire in one:
   * the simulator's are small, so that there is often no room, records come in between, and
   * barriers come in the middle of a burst of timers.
   */
  readonly bounds?: {
    readonly ringBytes?: number
    readonly sinkValues?: number
    readonly sliceMs?: number
    readonly timersPerStep?: number
  }
  /** True if job values can run at a parallelism above 1: not in threads, which need a module. */
  readonly runsValuesInParallel: boolean
  /** Options of config file and environment. */
  machineLayers(configFile: string | undefined): Promise<readonly OptionLayer[]>
  /** A named place where a fault may strike; does nothing in production. */
  at(point: string): void | Promise<void>
  openStore: OpenStore
  /** The keys that are at a place as the option `encryption.keys` has it. */
  openKeys(place: string): Promise<KeyRing>
  /** Those that sign, at a place as the option `signing.keys` has it. */
  openSignatures(place: string): Promise<SignatureRing>
  /** The same location for whoever opens it from another folder. */
  absoluteLocation(location: string): string
  /** Throws `JOB_OWNED` if a living job keeps its checkpoints there, as far as can be known. */
  requireUnowned(location: string): Promise<void>
  /** Of this process, for people who look at the job from elsewhere. */
  readonly process: ProcessFacts
  /** Who has claimed a job's folder; undefined if nobody has, or a process of another machine. */
  owner(directory: string, jobName: string): Promise<FolderOwner | undefined>
  /** Throws `JOB_OWNED` if a living process owns the job. */
  claim(request: ClaimRequest): Promise<JobClaim>
  spawn(spec: WorkerSpec, events: WorkerEvents): WorkerPort
}

/** The worker's end. */
export interface WorkerHost {
  readonly clock: Clock
  readonly random: Random
  /** Replaces the native RocksDB, in the simulator. */
  readonly nativeStore?: NativeStoreFactory
  /** Replaces the threads that talk to the server of a remote backend, in the simulator. */
  readonly startHelper?: StartHelper
  /** Says that the thread lives, while it waits in a call for something outside. */
  alive?(): void
  /** When state is loaded while records go on; in tests little state is, too. */
  readonly lazyRestore?: LazyRestoreOptions
  /** Compresses what snapshots write, beside the thread of the records. */
  readonly sealer?: BlockSealer
  /** Merges runs beside the thread of the records, where another thread can. */
  readonly merger?: RunMerger
  /** Of a block of a snapshot's run; in the simulator small, so that little state has many. */
  readonly blockBytes?: number
  /** True: chains are not fused, as where no code may be made of strings; in the simulator. */
  readonly hasPlainChains?: boolean
  /** Watches where the worker's time goes, if the job is profiled. */
  readonly profiler?: Profiler
  openStore: OpenStore
  /** As of the host. */
  openKeys(place: string): Promise<KeyRing>
  /** Throw-away files under `directory`; what an earlier attempt left there is deleted. */
  scratch(directory: string): Scratch
  send(message: FromWorker): void
  /** The bell that wakes worker `index`, given its shared word. */
  doorbell(index: number, word: SharedArrayBuffer): Doorbell
  /** True if the loop should let I/O callbacks run before it goes on. */
  shouldYield(): boolean
  /** Waits until something may have happened: a message, a doorbell, a finished read, or time. */
  idle(timeoutMs: number): Promise<void>
  /** True if the loop waited for something to do for some of the time lately. */
  hasTimeToSpare?(): boolean
  /** Ends the current `idle`, or the next one at once. */
  wake(): void
  /** A named place where a fault may strike; does nothing in production. */
  at(point: string): void | Promise<void>
  /** An event for the log that does not fail anything. */
  report(event: string, error: unknown): void
}
