/**
 * What a graph must satisfy before anything is started. Each complaint names the operator by its
 * uid or by the line that made it, and says what to do.
 */
import { MillraceError, type ErrorCode } from '../errors.ts'
import { deadLetterTag } from '../operators/failures/policy.ts'
import type { TypeSchema } from '../types/type.ts'
import type { Edge, GraphNode, OperatorNode, StreamGraph } from './job-graph.ts'

const UID_CHARS_MAX = 200

interface Rules {
  readonly jobName: string
  readonly strictTypes: boolean
}

/** @throws `JOB_GRAPH_INVALID`, `JOB_DUPLICATE_UID`. */
export function validateGraph(graph: StreamGraph, rules: Rules): void {
  if (!graph.nodes.some((node) => node.kind === 'source')) {
    throw invalid(`job "${rules.jobName}" has no source`, {
      cure: 'begin with env.fromSource(uid, source) or env.fromElements(uid, values)',
    })
  }
  checkUids(graph)
  checkSideOutputs(graph)
  checkDeadLetters(graph)
  checkReachesSink(graph)
  if (rules.strictTypes) for (const node of graph.nodes) checkDeclared(node)
}

function checkUids(graph: StreamGraph): void {
  const byUid = new Map<string, GraphNode>()
  for (const node of graph.nodes) {
    const { uid } = node
    if (uid === undefined) continue
    // Control characters would break lines of logs and names of files.
    if (typeof uid !== 'string' || uid === '' || uid.length > UID_CHARS_MAX || /\p{C}/u.test(uid)) {
      const wanted = `1 to ${UID_CHARS_MAX} printable characters`
      throw invalid(`${show(node)}: ${JSON.stringify(uid)} is no uid`, {
        cure: `give it ${wanted}`,
      })
    }
    const first = byUid.get(uid)
    if (first !== undefined) {
      const places = `${show(first)} and ${show(node)}`
      throw invalid(`two operators have the uid "${uid}": ${places}`, {
        code: 'JOB_DUPLICATE_UID',
        details: { uid },
      })
    }
    byUid.set(uid, node)
  }
}

/** Reading a side output that the operator cannot emit would wait for ever, silently. */
function checkSideOutputs(graph: StreamGraph): void {
  const readers = new Map<string, Edge>()
  for (const node of graph.nodes) {
    for (const edge of inputsOf(node)) {
      if (edge.tag === undefined) continue
      const from = graph.nodes[edge.from] as GraphNode // edges point at earlier nodes
      const where = `the side output "${edge.tag}" of ${show(from)}`
      if (!emits(from, edge.tag)) {
        throw invalid(`${show(node)} reads ${where}, which emits no such output`, {
          cure: 'read it from the process function or source that emits it, and declare it there',
        })
      }
      const name = `${edge.from}/${edge.tag}`
      const other = readers.get(name)
      if (other !== undefined && !sameSchema(other.type.schema, edge.type.schema)) {
        throw invalid(`${where} is read as two different types`, {
          cure: 'make one outputTag and use it everywhere',
        })
      }
      readers.set(name, edge)
    }
  }
}

/** Letters that nobody reads would be records that are lost, silently. */
function checkDeadLetters(graph: StreamGraph): void {
  const { name, type } = deadLetterTag
  for (const node of graph.nodes) {
    if (node.kind !== 'operator' || node.onError !== 'dead-letter') continue
    const isRead = graph.nodes.some((reader) =>
      inputsOf(reader).some(({ from, tag }) => from === node.id && tag === name),
    )
    if (!isRead) {
      throw invalid(`nobody reads the dead letters of ${show(node)}`, {
        cure: "read .sideOutput(deadLetterTag) of that stream, or choose onError('skip')",
      })
    }
    if (sameSchema(node.sideOutputs.get(name)?.schema ?? type.schema, type.schema)) continue
    throw invalid(`${show(node)} has a side output "${name}" of its own`, {
      cure: 'give it another name',
    })
  }
}

function emits(node: GraphNode, tag: string): boolean {
  if (node.kind === 'source') return node.source.malformedTag?.name === tag
  return node.kind === 'operator' && node.sideOutputs.has(tag)
}

function checkReachesSink(graph: StreamGraph): void {
  // What is parked goes nowhere, and says nothing of the stream before it.
  const readers = graph.nodes.filter((node) => node.kind !== 'operator' || node.isParking !== true)
  const isRead = new Set(readers.flatMap((node) => inputsOf(node).map((edge) => edge.from)))
  for (const node of graph.nodes) {
    if (node.kind === 'sink' || isRead.has(node.id)) continue
    if (node.kind === 'operator' && node.isParking === true) continue
    throw invalid(`the stream of ${show(node)} reaches no sink`, {
      cure: "end it with .sinkTo('uid', sink) or .print(), or remove it",
    })
  }
}

/** With strictTypes nothing may rest on the dynamic type that is kept or leaves its worker. */
function checkDeclared(node: GraphNode): void {
  const cure = 'declare the type, or set strictTypes: false'
  for (const edge of inputsOf(node)) {
    if (edge.partitioning !== 'forward' && isDynamic(edge.type.schema)) {
      throw invalid(`strictTypes: the records that ${show(node)} reads have no declared type`, {
        cure: `${cure}: .returns(type) before keyBy or broadcast`,
      })
    }
  }
  if (node.kind === 'source' && isDynamic(node.outputType.schema)) {
    throw invalid(`strictTypes: the records of ${show(node)} have no declared type`, { cure })
  }
  if (node.kind === 'operator') checkDeclaredState(node, cure)
}

function checkDeclaredState(node: OperatorNode, cure: string): void {
  if (node.key !== undefined && isDynamic(node.key.type.schema)) {
    throw invalid(`strictTypes: the key of ${show(node)} has no declared type`, {
      cure: `${cure}: keyBy(selector, type)`,
    })
  }
  const states = [...Object.entries(node.states), ...Object.entries(node.operatorStates ?? {})]
  for (const [name, { type, keyType }] of states) {
    if (isDynamic(type.schema) || (keyType !== undefined && isDynamic(keyType.schema))) {
      throw invalid(`strictTypes: state "${name}" of ${show(node)} has no declared type`, { cure })
    }
  }
}

/** True if the dynamic type stands anywhere in it. */
function isDynamic(schema: TypeSchema): boolean {
  return schema.kind === 'dynamic' || partsOf(schema).some(isDynamic)
}

function partsOf(schema: TypeSchema): readonly TypeSchema[] {
  if (schema.kind === 'struct') return schema.fields.map((field) => field.type)
  if (schema.kind === 'tuple') return schema.elements
  if (schema.kind === 'list') return [schema.element]
  if (schema.kind === 'map') return [schema.key, schema.value]
  if (schema.kind === 'union') return schema.options
  if (schema.kind === 'optional' || schema.kind === 'nullable') return [schema.of]
  return []
}

export function inputsOf(node: GraphNode): readonly Edge[] {
  return node.kind === 'source' ? [] : node.inputs
}

function sameSchema(a: TypeSchema, b: TypeSchema): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function show(node: GraphNode): string {
  const what = node.kind === 'operator' ? node.operation : node.kind
  const name = node.uid === undefined ? what : `${what} "${node.uid}"`
  return node.location === undefined ? name : `${name} (${node.location})`
}

interface Complaint {
  readonly cure?: string
  readonly code?: ErrorCode
  readonly details?: Readonly<Record<string, string>>
}

function invalid(message: string, { code, ...options }: Complaint): MillraceError {
  return new MillraceError(code ?? 'JOB_GRAPH_INVALID', message, options)
}
