/** Why a call failed, for a caller: the error's code or its kind, never an address or a stack. */
export function describeFailure(error: unknown): string {
  const { code, cause, errors, name } = (error ?? {}) as {
    code?: unknown;
    cause?: unknown;
    errors?: unknown[];
    name?: unknown;
  };
  if (typeof code === "string") return code;
  if (Array.isArray(errors) && errors.length > 0) return describeFailure(errors[0]);
  if (cause !== undefined) return describeFailure(cause);
  // undici's parser error has no code.
  return name === "HTTPParserError" ? name : "failed";
}
