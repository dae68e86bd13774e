/**
 * A value for each dialect, by the name of its wire profile. The first is that of unknown names.
 */
export type ByDialect<Value> = Readonly<Record<string, Value>>;

/** The value for a wire profile. Variants and unknown profiles have the first value. */
export function ofDialect<Value>(values: ByDialect<Value>, profile: string | undefined): Value {
  const isNamed = profile !== undefined && Object.hasOwn(values, profile);
  return isNamed ? values[profile]! : Object.values(values)[0]!;
}
