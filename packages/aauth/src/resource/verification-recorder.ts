/**
 * Records a verification while it proceeds. The report is made when it is read, which for most requests is never; until then names and
 * references are kept.
 *
 * @module
 */

import { AAuthVerificationError } from "../errors.ts";
import type { Check, VerificationReport } from "../http-signatures/report.ts";
import type { CheckRecorder } from "../profile/verification.ts";
import type { ResourceProfile } from "../profile/wire-profile.ts";
import type { VerificationKey } from "../types.ts";

type Facts = {
  -readonly [Name in keyof Omit<VerificationReport, "checks" | "profile">]:
    | VerificationReport[Name]
    | undefined;
};

type Outcome = Pick<Check, "verdict" | "reason">;

const PASSED: Outcome = { verdict: "passed" };

export class VerificationRecorder implements CheckRecorder {
  /** What is known so far, in the order of a report. */
  readonly facts: Facts = {
    scheme: undefined,
    label: undefined,
    coveredComponents: undefined,
    bodyBound: undefined,
    created: undefined,
    signatureBase: undefined,
    keySource: undefined,
    thumbprint: undefined,
  };
  readonly #profile: ResourceProfile;
  readonly #outcomes = new Map<string, Outcome>();
  #current: string | undefined;

  constructor(profile: ResourceProfile) {
    this.#profile = profile;
  }

  enter(check: string): void {
    this.#passCurrent();
    this.#current = check;
  }

  skip(check: string, reason: string): void {
    if (check === this.#current) this.#current = undefined;
    this.#outcomes.set(check, { verdict: "skipped", reason });
  }

  /** The current check does not apply to this request. */
  skipCurrent(reason: string): void {
    if (this.#current !== undefined) this.skip(this.#current, reason);
  }

  noteKey({ thumbprint }: VerificationKey, source: string): void {
    this.facts.keySource = source;
    this.facts.thumbprint = thumbprint;
  }

  /** Ends well: the current check has passed. */
  report(): VerificationReport {
    this.#passCurrent();
    return this.#report();
  }

  /** Ends badly. The verifier's error comes back with the report on it, any other error as it is. */
  fail(error: unknown): unknown {
    if (!(error instanceof AAuthVerificationError)) return error;
    if (this.#current !== undefined) {
      this.#outcomes.set(this.#current, { verdict: "failed", reason: error.message });
      this.#current = undefined;
    }
    error.report = this.#report();
    return error;
  }

  #passCurrent(): void {
    if (this.#current !== undefined) this.#outcomes.set(this.#current, PASSED);
    this.#current = undefined;
  }

  #report(): VerificationReport {
    const known: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(this.facts)) if (value !== undefined) known[name] = value;
    const { name: profile, verification } = this.#profile;
    const checks = verification.checks.map(
      ({ name, section }): Check => ({
        name,
        section,
        ...(this.#outcomes.get(name) ?? { verdict: "skipped" }),
      }),
    );
    return { profile, checks, ...known };
  }
}
