/** Statements are known by their text, as the production code says them. */
export function namesOf<S extends { readonly create: readonly string[] }>(
  statements: S,
): ReadonlyMap<string, keyof S> {
  // As the object declares them.
  const names = Object.entries(statements) as [keyof S, string | readonly string[]][]
  return new Map(names.flatMap(([name, cql]) => [cql].flat().map((text) => [text, name] as const)))
}
