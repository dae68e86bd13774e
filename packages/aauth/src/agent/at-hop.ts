import { AAuthAgentError } from "../errors.ts";

/** The error as an agent's call throws it, with the party that it is about: the first one that is named counts. */
export function atHop(error: unknown, hop: string): unknown {
  const failure = AAuthAgentError.from(error);
  if (failure instanceof AAuthAgentError) failure.hop ??= hop;
  return failure;
}
