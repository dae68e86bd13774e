/** A value for each dialect, by the name of its wire profile. */
export interface ByDialect<Value> {
  readonly "february-2026": Value;
  readonly "draft-11": Value;
}

/** The value for a wire profile. February's variants and unknown profiles have February's value. */
export function ofDialect<Value>(values: ByDialect<Value>, profile: string | undefined): Value {
  return values[isNamed(values, profile) ? profile : "february-2026"];
}

const isNamed = <Value>(
  values: ByDialect<Value>,
  profile: string | undefined,
): profile is keyof ByDialect<Value> => profile !== undefined && Object.hasOwn(values, profile);
