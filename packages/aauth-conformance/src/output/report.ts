import type { Result, Role, Verdict } from "../suite/check.ts";
import { countVerdicts } from "../suite/run.ts";

/** Results of a run, as `results.json` has them. */
export interface Report {
  readonly suite: "aauth-conformance";
  readonly profile: string;
  readonly role: Role;
  /** Identifier of the target, or its command. */
  readonly target: string;
  /** Address of the target, if it is not at its identifier. */
  readonly address?: string | undefined;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly counts: Readonly<Record<Verdict, number>>;
  readonly results: readonly Result[];
}

export function createReport(
  about: Omit<Report, "suite" | "counts" | "results">,
  results: readonly Result[],
): Report {
  return { suite: "aauth-conformance", ...about, counts: countVerdicts(results), results };
}

/** @throws TypeError for a file that is no report */
export function readReport(text: string): Report {
  const value = JSON.parse(text) as Partial<Report> | null;
  if (value?.suite !== "aauth-conformance" || !Array.isArray(value.results)) {
    throw new TypeError("this is no results.json of aauth-conformance");
  }
  return value as Report;
}
