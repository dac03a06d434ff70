/**
 * Names and records of output files. While it is written a part has a hidden name that no attempt
 * uses twice; its visible name sorts by checkpoint and subtask within one line of checkpoints. One
 * that is encrypted has another hidden name while it is being made visible.
 */
import type { CommitScope, WriterContext } from '../../operators/sink.ts'
import { t } from '../../types/t.ts'
import type { Type } from '../../types/type.ts'
import { fnv1aString } from '../../util/hash.ts'
import { KEY_BYTES, type PartSeal, TAG_BYTES } from './part-seal.ts'

/** A sealed file and how to make it visible; kept in checkpoints. */
export interface FilePart {
  /** Absolute, so that a commit finds it also when the sink's path has changed since. */
  readonly directory: string
  readonly pending: string
  readonly final: string
  readonly lengthBytes: number
  /** Of what it holds. */
  readonly crc32: number
  /** If it is encrypted while it is hidden. */
  readonly seal?: PartSeal
}

const plainPartType = t.struct({
  directory: t.string,
  pending: t.string,
  final: t.string,
  lengthBytes: t.float64,
  crc32: t.float64,
})

/** What opens a part stands behind the rest, so that others are as they always were. */
export const filePartType: Type<FilePart> = Object.freeze<Type<FilePart>>({
  schema: plainPartType.schema,
  copyOnRead: true,
  isolate({ seal, ...part }) {
    const plain = plainPartType.isolate(part)
    if (seal === undefined) return plain
    return { ...plain, seal: { key: Uint8Array.from(seal.key), tag: Uint8Array.from(seal.tag) } }
  },
  write({ seal, ...part }, out) {
    plainPartType.write(part, out)
    if (seal === undefined) return
    out.raw(seal.key)
    out.raw(seal.tag)
  },
  read(input) {
    const part = plainPartType.read(input)
    if (input.remaining === 0) return part
    const key = Uint8Array.from(input.raw(KEY_BYTES))
    return { ...part, seal: { key, tag: Uint8Array.from(input.raw(TAG_BYTES)) } }
  },
})

const PENDING = '.pending-'
const CLEAR = '.clear-'
/** Not in any token, so that names can be taken apart. */
const SEPARATOR = '~'
const TOKEN_CHARS_MAX = 60

/** The name of the `count`-th file that a subtask writes after a checkpoint. */
export function pendingName(context: WriterContext, count: number): string {
  return hiddenName(PENDING, context, count)
}

/** The name of a file that was encrypted, and is about to be made visible by this attempt. */
export function clearName(context: WriterContext, count: number): string {
  return hiddenName(CLEAR, context, count)
}

function hiddenName(kind: string, context: WriterContext, count: number): string {
  const { leaderEpoch, checkpointId } = context.scope
  const rest = [`e${leaderEpoch}`, `c${checkpointId}`, `s${context.subtaskIndex}`, count]
  return kind + ofSink(context) + rest.join(SEPARATOR)
}

/** The epoch of a hidden file of this sink and line of checkpoints; undefined for others. */
export function hiddenEpoch(context: WriterContext, name: string): number | undefined {
  const prefix = [PENDING, CLEAR]
    .map((kind) => kind + ofSink(context))
    .find((each) => name.startsWith(each))
  if (prefix === undefined) return undefined
  const match = /^e(\d+)~c\d+~s\d+~\d+$/.exec(name.slice(prefix.length))
  return match === null ? undefined : Number(match[1])
}

function ofSink({ uid, scope }: WriterContext): string {
  return `${token(uid)}${SEPARATOR}${token(scope.lineage)}${SEPARATOR}`
}

/** The name that users see for the `index`-th file of a subtask in a checkpoint. */
export function finalName(
  context: WriterContext,
  scope: CommitScope,
  index: number,
  extension: string,
): string {
  const checkpoint = String(scope.checkpointId).padStart(8, '0')
  const subtask = String(context.subtaskIndex).padStart(4, '0')
  const part = String(index).padStart(3, '0')
  return `${finalPrefix(context.uid, scope)}${checkpoint}-${subtask}-${part}.${extension}`
}

/** The checkpoint of a visible file of this sink and line of checkpoints; undefined for others. */
export function visibleCheckpoint({ uid, scope }: WriterContext, name: string): number | undefined {
  const prefix = finalPrefix(uid, scope)
  if (!name.startsWith(prefix)) return undefined
  const match = /^(\d{8,})-\d{4,}-\d{3,}\./.exec(name.slice(prefix.length))
  return match === null ? undefined : Number(match[1])
}

function finalPrefix(uid: string, { lineage }: CommitScope): string {
  return `part-${token(uid)}-${token(lineage)}-`
}

/** Text as a piece of a file name; what had to be changed is told apart by a hash. */
function token(text: string): string {
  const safe = text.replaceAll(/[^A-Za-z0-9._-]/g, '_').slice(0, TOKEN_CHARS_MAX)
  if (safe === text) return text
  return `${safe}-${(fnv1aString(text) >>> 0).toString(16).padStart(8, '0')}`
}
