/**
 * Keeps record of a verification while it goes: the report is what a trace shows.
 *
 * @module
 */

import { AAuthError } from "../errors.ts";
import type { Check, CheckName, VerificationReport } from "../signing/report.ts";

const ORDER: readonly CheckName[] = [
  "headers",
  "signature-key",
  "signature-input",
  "labels",
  "coverage",
  "created",
  "token",
  "key",
  "signature",
  "replay",
  "content-digest",
  "requirement",
];

type Facts = Omit<VerificationReport, "checks">;

export interface Trail {
  /** Starts a check; the one before it has passed. */
  enter(check: CheckName): void;
  /** Marks a check that does not apply to this request. */
  skip(check: CheckName, reason: string): void;
  note(facts: Facts): void;
  /** Ends the trail well: the current check has passed. */
  report(): VerificationReport;
  /** Ends the trail badly. An AAuthError comes back with the report on it, anything else as it is. */
  fail(error: unknown): unknown;
}

export function startTrail(): Trail {
  const checks: Check[] = [];
  const facts: { -readonly [Name in keyof Facts]: Facts[Name] } = {};
  let current: CheckName | undefined;

  const endCurrent = (check: Omit<Check, "name">) => {
    if (current !== undefined) checks.push({ name: current, ...check });
    current = undefined;
  };
  const report = (): VerificationReport => ({
    checks: ORDER.map(
      (name) => checks.findLast((check) => check.name === name) ?? { name, verdict: "skipped" },
    ),
    ...facts,
  });

  return {
    enter(check) {
      endCurrent({ verdict: "passed" });
      current = check;
    },
    skip(check, reason) {
      checks.push({ name: check, verdict: "skipped", reason });
    },
    note(more) {
      Object.assign(facts, more);
    },
    report() {
      endCurrent({ verdict: "passed" });
      return report();
    },
    fail(error) {
      if (!(error instanceof AAuthError)) return error;
      endCurrent({ verdict: "failed", reason: error.message });
      error.report = report();
      return error;
    },
  };
}
