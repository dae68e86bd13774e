import type { AnyBreakItVariant } from "backend-api";
import type { Attempts } from "./use-attempts.ts";
import { wordingOf } from "./variant-wording.ts";

interface Progress {
  attempts: Attempts;
  profile: string | undefined;
  /** The attempt in progress, of several that are made one after the other. */
  busy: AnyBreakItVariant | undefined;
  /** Number of attempts that can be made. */
  count: number;
}

/**
 * What has come of the attempts so far, in a sentence for a live region. Empty before the first
 * one.
 */
export function summaryOf({ attempts, profile, busy, count }: Progress): string {
  const made = Object.values(attempts);
  if (busy !== undefined) return `${made.length} of ${count} made. Now: ${wordingOf(busy, profile).title}.`;
  if (made.length === 0) return "";
  const results = made.flatMap((attempt) => ("result" in attempt ? [attempt.result] : []));
  const refused = results.filter(({ refused }) => refused).length;
  const twins = results.flatMap(({ bearer }) => (bearer === undefined ? [] : [bearer]));
  const stolen = twins.filter(({ succeeded }) => succeeded).length;
  const failed = made.length - results.length;
  return [
    results.length > 0 && `AAuth refused ${refused} of ${times(results.length)}.`,
    twins.length > 0 && `The bearer token lost ${stolen} of ${times(twins.length)}.`,
    failed > 0 && `${times(failed)} without an outcome.`,
  ]
    .filter(Boolean)
    .join(" ");
}

const times = (count: number): string => `${count} ${count === 1 ? "attack" : "attacks"}`;
