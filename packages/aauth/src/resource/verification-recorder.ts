/**
 * Keeps record of a verification while it goes: the report is what a trace shows. It is made when somebody looks, which
 * for most requests is never, so that what is kept until then are names and references.
 *
 * @module
 */

import { AAuthError } from "../errors.ts";
import type { Check, CheckName, VerificationReport } from "../http-signatures/report.ts";

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

type Facts = {
  -readonly [Name in keyof Omit<VerificationReport, "checks">]: VerificationReport[Name] | undefined;
};

export class Trail {
  /** What is known so far; in the order a report has. */
  readonly facts: Facts = {
    scheme: undefined,
    label: undefined,
    coveredComponents: undefined,
    created: undefined,
    signatureBase: undefined,
    keySource: undefined,
    thumbprint: undefined,
  };
  /** A bare name has passed. */
  readonly #checks: (CheckName | Check)[] = [];
  #current: CheckName | undefined;

  /** Starts a check; the one before it has passed. */
  enter(check: CheckName): void {
    if (this.#current !== undefined) this.#checks.push(this.#current);
    this.#current = check;
  }

  /** Marks a check that does not apply to this request. */
  skip(check: CheckName, reason: string): void {
    this.#checks.push({ name: check, verdict: "skipped", reason });
  }

  /** Ends the trail well: the current check has passed. */
  report(): VerificationReport {
    if (this.#current !== undefined) this.#checks.push(this.#current);
    this.#current = undefined;
    return this.#report();
  }

  /** Ends the trail badly. An AAuthError comes back with the report on it, anything else as it is. */
  fail(error: unknown): unknown {
    if (!(error instanceof AAuthError)) return error;
    if (this.#current !== undefined) {
      this.#checks.push({ name: this.#current, verdict: "failed", reason: error.message });
      this.#current = undefined;
    }
    error.report = this.#report();
    return error;
  }

  #report(): VerificationReport {
    const known: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(this.facts)) if (value !== undefined) known[name] = value;
    return { checks: ORDER.map((name) => this.#outcome(name)), ...known };
  }

  #outcome(name: CheckName): Check {
    const checks = this.#checks;
    for (let index = checks.length - 1; index >= 0; index--) {
      const check = checks[index]!;
      if (check === name) return { name, verdict: "passed" };
      if (typeof check !== "string" && check.name === name) return check;
    }
    return { name, verdict: "skipped" };
  }
}
