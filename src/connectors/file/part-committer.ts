/**
 * Makes sealed files visible under their final names, never over another file. A file is taken for
 * already committed only if the visible one has the recorded length and checksum; everything else
 * is a loud error, for it would mean lost or foreign output.
 */
import { createReadStream } from 'node:fs'
import { link, mkdir, readdir, rename, rm, stat, unlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { MillraceError } from '../../errors.ts'
import type {
  CommitOutcome,
  CommitRequest,
  Committer,
  WriterContext,
} from '../../operators/sink.ts'
import { assert } from '../../util/assert.ts'
import { errnoOf, fileFailed } from './errors.ts'
import { PartFile, syncDirectory } from './part-file.ts'
import { openSealed } from './part-seal.ts'
import { clearName, hiddenEpoch, visibleCheckpoint } from './part.ts'
import type { FilePart } from './part.ts'
import type { AtPoint } from './sink-options.ts'

const WITHDRAWN = '.withdrawn'
const WITHDRAWN_TWINS_MAX = 1_000
/** What file systems without hard links answer. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

export class PartCommitter implements Committer<FilePart> {
  readonly #at: AtPoint
  readonly #context: WriterContext

  constructor(at: AtPoint, context: WriterContext) {
    this.#at = at
    this.#context = context
  }

  async commit({ committable }: CommitRequest<FilePart>): Promise<CommitOutcome> {
    const { directory, pending, final } = committable
    if (basename(pending) !== pending || basename(final) !== final) {
      const message = `a checkpoint holds the output file ${final}, which is a path and no name`
      throw new MillraceError('STORAGE_CORRUPT', message, { details: { file: final } })
    }
    await this.#at('before-commit')
    const clear = await this.#cleared(committable)
    if (clear !== undefined) await this.#at('opened')
    try {
      await checkPending(committable)
      await linkUnlessThere(join(directory, clear?.name ?? pending), join(directory, final))
    } catch (error) {
      const errno = errnoOf(error)
      if (errno !== 'EEXIST' && errno !== 'ENOENT') {
        throw fileFailed('committing', join(directory, final), error)
      }
      await checkCommitted(committable)
    } finally {
      await clear?.discard()
    }
    await this.#at('linked')
    await syncDirectory(directory)
    await rm(join(directory, pending), { force: true })
    await this.#at('committed')
    return 'committed'
  }

  /**
   * What was encrypted, written anew and made durable under a name of this attempt: others remove
   * the leftovers of former ones meanwhile. Undefined if it is not encrypted, or not there.
   */
  async #cleared(part: FilePart): Promise<PartFile | undefined> {
    const { directory, pending, seal } = part
    const path = join(directory, pending)
    if (seal === undefined || !(await exists(path))) return undefined
    const clear = await PartFile.create(directory, (count) => clearName(this.#context, count))
    try {
      const isWhole = await openSealed(path, seal, async (bytes) => {
        if (clear.append(bytes)) await clear.flush()
      })
      if (!isWhole) throw damaged(part, pending, 'has other bytes than were written')
      await clear.seal()
      return clear
    } catch (error) {
      await clear.discard()
      throw fileFailed('opening', path, error)
    }
  }

  async withdraw({ committable }: CommitRequest<FilePart>): Promise<void> {
    const { directory, final } = committable
    await this.#at('before-withdraw')
    await withdrawPart(directory, final)
    await this.#at('withdrawn')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is held open between commits.
  }
}

/**
 * Deletes hidden files that former attempts of this sink left behind. Those of other lines of
 * checkpoints belong to somebody else, those of this leader to writers that are at work.
 */
export async function removeLeftovers(
  directory: string,
  context: WriterContext,
  alive: readonly FilePart[],
): Promise<void> {
  const kept = new Set(alive.map((part) => part.pending))
  for (const name of await namesIn(directory)) {
    const epoch = hiddenEpoch(context, name)
    if (epoch === undefined || epoch >= context.scope.leaderEpoch || kept.has(name)) continue
    try {
      await rm(join(directory, name), { force: true })
    } catch (error) {
      throw fileFailed('cleaning up', directory, error)
    }
  }
}

/** What is in a folder; nothing if it is not there. */
async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw fileFailed('reading', directory, error)
  }
}

/** The sealed file must be whole before it is shown; `ENOENT` if it is gone. */
async function checkPending(part: FilePart): Promise<void> {
  const { size } = await stat(join(part.directory, part.pending))
  if (size === part.lengthBytes) return
  throw damaged(part, part.pending, `has ${size} bytes instead of ${part.lengthBytes}`)
}

async function linkUnlessThere(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch (error) {
    if (!NO_LINKS.has(errnoOf(error) ?? '')) throw error
    // Without links nothing but a look can keep a rename from replacing. Names are never used by
    // two attempts, so who appears in between is no part of this job.
    if (await exists(to)) throw Object.assign(new Error('exists'), { code: 'EEXIST' })
    await rename(from, to)
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw error
  }
}

/** Throws unless the visible file is the one that was to be committed. */
async function checkCommitted(part: FilePart): Promise<void> {
  const path = join(part.directory, part.final)
  let length = 0
  let checksum = 0
  try {
    for await (const chunk of createReadStream(path)) {
      assert(Buffer.isBuffer(chunk), 'a stream without encoding gives bytes')
      length += chunk.length
      checksum = crc32(chunk, checksum)
    }
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw fileFailed('reading', path, error)
    throw damaged(part, part.final, 'is neither pending nor visible: it was moved or deleted')
  }
  if (length === part.lengthBytes && checksum === part.crc32) return
  throw damaged(part, part.final, 'is visible with other content than was to be committed')
}

function damaged(part: FilePart, name: string, how: string): MillraceError {
  const path = join(part.directory, name)
  return new MillraceError('CONNECTOR_FAILED', `the output file ${path} ${how}`, {
    cure: 'put the file back as it was, or start with --fresh and another output folder',
    details: { file: path, lengthBytes: part.lengthBytes },
    retryable: false,
  })
}

/**
 * Moves aside the visible files of this sink and line that are newer than the checkpoint that is
 * gone on from. Only damage leaves such files without a committable that names them.
 */
export async function withdrawNewer(
  directory: string,
  context: WriterContext,
  alive: readonly FilePart[],
): Promise<void> {
  const kept = new Set(alive.map((part) => part.final))
  for (const name of await namesIn(directory)) {
    const checkpointId = visibleCheckpoint(context, name) ?? 0
    if (checkpointId <= context.scope.checkpointId || kept.has(name)) continue
    await withdrawPart(directory, name)
  }
}

async function withdrawPart(directory: string, final: string): Promise<void> {
  assert(basename(final) === final, 'a name, not a path')
  const aside = join(directory, WITHDRAWN)
  try {
    await mkdir(aside, { recursive: true })
    await moveAside(join(directory, final), join(aside, final))
    await syncDirectory(aside)
    await syncDirectory(directory)
  } catch (error) {
    throw fileFailed('withdrawing', join(directory, final), error)
  }
}

/** Moves a file without replacing another; one that is not there is moved already. */
async function moveAside(from: string, to: string): Promise<void> {
  if (!(await exists(from))) return
  for (let twin = 0; twin < WITHDRAWN_TWINS_MAX; twin++) {
    try {
      await linkUnlessThere(from, twin === 0 ? to : `${to}.${twin}`)
      if (await exists(from)) await unlink(from)
      return
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error
    }
  }
  throw Object.assign(new Error('exists'), { code: 'EEXIST' })
}
