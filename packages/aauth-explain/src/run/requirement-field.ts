import type { HttpMessage } from "./protocol-run.ts";

/**
 * `AAuth-Requirement` of an answer, for display only. In traces the code of an interaction is
 * truncated.
 */
export interface ReadableRequirement {
  readonly requirement: string;
  /** The page, for `interaction`. */
  readonly url?: string | undefined;
}

/** Requirement of an answer of draft -11, if any. */
export function readRequirement({ headers }: HttpMessage): ReadableRequirement | undefined {
  const field = headers?.["aauth-requirement"] ?? "";
  const [, requirement] = /(?:^|,)\s*requirement=([a-z-]{1,40})/.exec(field) ?? [];
  if (requirement === undefined) return undefined;
  return { requirement, url: /;\s*url="([^"?#]*)"/.exec(field)?.[1] };
}
