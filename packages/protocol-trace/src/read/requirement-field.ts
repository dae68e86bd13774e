import type { HttpMessage } from "./protocol-run.ts";

/**
 * `AAuth-Requirement` of an answer, for reading. Nothing is judged here, and the code of an
 * interaction is cut in a trace.
 */
export interface ReadableRequirement {
  readonly requirement: string;
  /** With `interaction`: the page. */
  readonly url?: string | undefined;
}

/** What an answer of draft -11 demands; undefined where it demands nothing. */
export function readRequirement({ headers }: HttpMessage): ReadableRequirement | undefined {
  const field = headers?.["aauth-requirement"] ?? "";
  const [, requirement] = /(?:^|,)\s*requirement=([a-z-]{1,40})/.exec(field) ?? [];
  if (requirement === undefined) return undefined;
  return { requirement, url: /;\s*url="([^"?#]*)"/.exec(field)?.[1] };
}
