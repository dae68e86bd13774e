/**
 * Records a verification in progress. The report is built only when it is read, which is rare.
 *
 * @module
 */

import { AAuthVerificationError, citing } from "../errors.ts";
import type { Check, VerificationReport } from "../http-signatures/report.ts";
import type { CheckRecorder } from "../profile/verification.ts";
import type { ResourceProfile } from "../profile/wire-profile.ts";
import type { VerificationKey } from "../types.ts";

type Facts = {
  -readonly [Name in keyof Omit<VerificationReport, "checks" | "profile">]:
    | VerificationReport[Name]
    | undefined;
};

export class VerificationRecorder implements CheckRecorder {
  /** Known facts, in the order of a report. */
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
  readonly #entered: string[] = [];
  /** Reasons for skipping, by check. */
  readonly #skipped = new Map<string, string>();
  /** The current check; undefined after it was skipped. */
  #current: string | undefined;

  constructor(profile: ResourceProfile) {
    this.#profile = profile;
  }

  enter(check: string): void {
    this.#entered.push(check);
    this.#current = check;
  }

  skip(check: string, reason: string): void {
    if (check === this.#current) this.#current = undefined;
    this.#skipped.set(check, reason);
  }

  /** Marks the current check as not applicable. */
  skipCurrent(reason: string): void {
    if (this.#current !== undefined) this.skip(this.#current, reason);
  }

  noteKey({ thumbprint }: VerificationKey, source: string): void {
    this.facts.keySource = source;
    this.facts.thumbprint = thumbprint;
  }

  /**
   * Attaches the report to an error of the verifier and returns it; returns any other error
   * unchanged.
   */
  fail(error: unknown): unknown {
    if (!(error instanceof AAuthVerificationError)) return error;
    error.report = this.report(error);
    return citing(error, this.#profile.sectionOf);
  }

  /** @param error error of the current check. Default: it has passed */
  report(error?: AAuthVerificationError): VerificationReport {
    const known: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(this.facts)) if (value !== undefined) known[name] = value;
    const { name: profile, verification } = this.#profile;
    const checks = verification.checks.map(
      ({ name, section }): Check => ({ name, section, ...this.#outcomeOf(name, error) }),
    );
    const report = { profile, checks, ...known };
    // It contains the whole token, which a logged report or error must not.
    Object.defineProperty(report, "signatureBase", { enumerable: false }); // hole E12
    return report;
  }

  #outcomeOf(check: string, error: AAuthVerificationError | undefined): Pick<Check, "verdict" | "reason"> {
    if (error !== undefined && check === this.#current) return { verdict: "failed", reason: error.message };
    const reason = this.#skipped.get(check);
    if (reason !== undefined) return { verdict: "skipped", reason };
    return { verdict: this.#entered.includes(check) ? "passed" : "skipped" };
  }
}
