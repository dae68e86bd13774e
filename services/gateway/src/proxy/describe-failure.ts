/** Why a call failed, for a caller: the error's code, never an address or a stack. */
export function describeFailure(error: unknown): string {
  const { code, cause, errors } = (error ?? {}) as { code?: unknown; cause?: unknown; errors?: unknown[] };
  if (typeof code === "string") return code;
  if (Array.isArray(errors) && errors.length > 0) return describeFailure(errors[0]);
  return cause === undefined ? "failed" : describeFailure(cause);
}
