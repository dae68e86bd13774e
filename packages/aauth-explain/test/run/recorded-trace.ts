import { readFileSync } from "node:fs";
import { type ProtocolRun, readProtocolRun } from "../../src/run/index.ts";

/**
 * Traces of real runs of the demo, as returned by the embedded trace store, and one by Jaeger
 * v1.76.
 */
export type RecordedTrace =
  | "autonomous-by-jaeger"
  | "user-delegated"
  | "signature-only-hwk"
  | "refused-by-policy"
  | "changed-path"
  | "order";

export function recordedAnswer(name: RecordedTrace): unknown {
  return JSON.parse(readFileSync(new URL(`./recorded/${name}.json`, import.meta.url), "utf8"));
}

export function recordedRun(name: RecordedTrace): ProtocolRun {
  return readProtocolRun([recordedAnswer(name)]);
}
