import type { AnyBreakItVariant, BreakItResult } from "backend-api";
import type { Attempts } from "./use-attempts.ts";
import { wordingOf } from "./variant-wording.ts";

interface Progress {
  attempts: Attempts;
  profile: string | undefined;
  /** The attempt in progress, of several made in sequence. */
  busy: AnyBreakItVariant | undefined;
  /** Number of available attempts. */
  total: number;
}

/** Summarizes the outcomes so far for a live region. Empty before the first attempt. */
export function summaryOf({ attempts, profile, busy, total }: Progress): string {
  const made = Object.values(attempts);
  if (busy !== undefined) return `Sent ${made.length} of ${total}. Now: ${wordingOf(busy, profile).title}.`;
  if (made.length === 0) return "";
  const results = made.flatMap((attempt) => ("result" in attempt ? [attempt.result] : []));
  const count = (wanted: BreakItResult["outcome"]) =>
    results.filter(({ outcome }) => outcome === wanted).length;
  const [unchanged, accepted] = [count("without_effect"), count("accepted")];
  const twins = results.flatMap(({ bearer }) => (bearer === undefined ? [] : [bearer]));
  const stolen = twins.filter(({ succeeded }) => succeeded).length;
  const failed = made.length - results.length;
  return [
    results.length > 0 && `AAuth refused ${count("refused")} of ${times(results.length)}.`,
    unchanged > 0 && `${times(unchanged)} had no effect.`,
    accepted > 0 && `${times(accepted)} ${accepted === 1 ? "was" : "were"} accepted.`,
    twins.length > 0 && `The bearer route let in ${stolen} of ${times(twins.length)}.`,
    failed > 0 && `${times(failed)} without an outcome.`,
  ]
    .filter(Boolean)
    .join(" ");
}

const times = (count: number): string => `${count} ${count === 1 ? "attack" : "attacks"}`;
