/**
 * Plain objects built from untrusted names: a field called `__proto__` is a field like any other.
 */

/** Adds a field that is not there yet; never runs the setter behind `__proto__`. */
export function setField(target: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__') {
    Object.defineProperty(target, name, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    })
  } else target[name] = value
}
