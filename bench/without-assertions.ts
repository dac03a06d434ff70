/**
 * Preloaded by a contender of assertions.ts: takes the assertions out of the engine's sources as
 * they are loaded, in this thread and in workers, which inherit the flag. The text is cut, not the
 * function emptied, so that conditions and messages are not evaluated either.
 */
import { readFileSync } from 'node:fs'
import { registerHooks, stripTypeScriptTypes } from 'node:module'

const SOURCES = new URL('../src/', import.meta.url).href

/** Statements `assert(…)`, and `required(value, message)`, of which the value is left. */
const CALL = /(?<![.\w])(assert|required)\(/g

function withoutAssertions(text: string): string {
  let [left, done] = ['', 0]
  for (const { 0: call, 1: name, index } of text.matchAll(CALL)) {
    const start = index + call.length
    // A function or method of this name is no call of it.
    if (index < done || /^\s*\{/.test(text.slice(endOf(text, start, ')') + 1))) continue
    const comma = endOf(text, start, ',')
    left += text.slice(done, index)
    if (name === 'required') left += `(${withoutAssertions(text.slice(start, comma))})`
    else left += 'void 0'
    done = endOf(text, comma, ')') + 1
  }
  return left + text.slice(done)
}

/** Where `end` is, outside of brackets and texts. */
function endOf(text: string, start: number, end: ',' | ')' | '}'): number {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    const char = text.charAt(at)
    if (depth === 0 && char === end) return at
    if (char === "'" || char === '"' || char === '`') at = endOfText(text, at, char)
    else if ('([{'.includes(char)) depth++
    else if (')]}'.includes(char)) depth--
  }
  throw new Error(`no ${end} after ${text.slice(start, start + 40)}`)
}

function endOfText(text: string, start: number, quote: string): number {
  for (let at = start + 1; at < text.length; at++) {
    const char = text.charAt(at)
    if (char === '\\') at++
    else if (char === quote) return at
    else if (quote === '`' && text.startsWith('${', at)) at = endOf(text, at + 2, '}')
  }
  throw new Error(`no ${quote} after ${text.slice(start, start + 40)}`)
}

registerHooks({
  load(url, context, nextLoad) {
    if (!url.startsWith(SOURCES) || !url.endsWith('.ts')) return nextLoad(url, context)
    const text = stripTypeScriptTypes(readFileSync(new URL(url), 'utf8'))
    return { format: 'module', shortCircuit: true, source: withoutAssertions(text) }
  },
})
