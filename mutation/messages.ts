// What is left out of the mutation, and why: the texts of errors, which people read. Tests compare
// codes, details and the facts that a text names, not each of its words; a mutant that empties a
// text changes nothing that a program could observe. All else of an error is mutated: its code, its
// details, the condition under which it is thrown.

/** The part of Babel's path that is looked at. */
interface NodePath {
  readonly node: Node
  readonly parentPath?: NodePath | null
}

interface Node {
  readonly type: string
  readonly callee?: Node
  readonly name?: string
  readonly id?: Node
  readonly key?: Node
}

const REASON = 'the text of an error'

/** What makes or throws errors: its arguments that are texts are for people. */
const RAISES = new Set(
  (
    'MillraceError AssertionError Error assert required refuse refused inUse lost occupied ' +
    'corrupt damaged malformed badBlock badEscape tooLarge failed differs twice ' +
    'ambiguous keyless unknownTimer'
  ).split(' '),
)
const VARIABLES = /^(message|cure|problem|why|reason|hint)$/

/** Stryker's ignorer: a reason for what is passed over with all that is within. */
export const messages = {
  shouldIgnore(path: NodePath): string | undefined {
    const isLiteral = /^(String|Template)Literal$/.test(path.node.type)
    return isLiteral && isText(path) ? REASON : undefined
  },
}

function isText(literal: NodePath): boolean {
  let at = literal.parentPath
  // A text may be put together of several, or be one of two.
  while (at && /^(BinaryExpression|ConditionalExpression)$/.test(at.node.type)) at = at.parentPath
  if (!at) return false
  const { type, callee, id, key } = at.node
  if (type === 'NewExpression' || type === 'CallExpression') return RAISES.has(callee?.name ?? '')
  if (type === 'VariableDeclarator') return VARIABLES.test(id?.name ?? '')
  return type === 'ObjectProperty' && key?.name === 'cure'
}
