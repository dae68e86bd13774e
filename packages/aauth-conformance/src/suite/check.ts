import type { Answer, Exchange } from "./target.ts";

/** Description of a check, before anything was sent. */
export interface Row {
  /** Never changes: role, section, number. */
  readonly id: string;
  readonly role: Role;
  /** `may`: the text leaves it open; the result informs and fails nothing. */
  readonly level: "must" | "should" | "may";
  readonly section: string;
  /** The clause, in the words of the text. */
  readonly quote: string;
  /** What holds where the check passes. */
  readonly title: string;
  /** What the target must have; without one of them, the check is skipped. */
  readonly needs: readonly string[];
  readonly polarity: "accept" | "refuse";
}

export const ROLES = ["resource", "agent", "person-server", "access-server", "gateway", "verify"] as const;
export type Role = (typeof ROLES)[number];

/** A row with its function. */
export interface Check<Bench> extends Row {
  run(bench: Bench): Promise<Finding> | Finding;
}

/**
 * `inconclusive`: what the check needs to judge did not work, such as the valid twin of a message
 * to refuse. Never a pass.
 */
export type Verdict = "passed" | "failed" | "warning" | "inconclusive" | "skipped";

export interface Finding {
  readonly verdict: Verdict;
  /** A sentence, unless passed. */
  readonly reason?: string;
}

/** A row with its outcome. */
export interface Result extends Row, Finding {
  readonly ms: number;
  readonly exchanges: readonly Exchange[];
}

export const passed: Finding = { verdict: "passed" };
export const failed = (reason: string): Finding => ({ verdict: "failed", reason });
export const warning = (reason: string): Finding => ({ verdict: "warning", reason });
export const inconclusive = (reason: string): Finding => ({ verdict: "inconclusive", reason });
export const skipped = (reason: string): Finding => ({ verdict: "skipped", reason });

/** Passed without a problem; otherwise failed with the first. */
export const verdictOf = (problem: string | undefined | false): Finding =>
  problem === undefined || problem === false ? passed : failed(problem);

/** Problem of an answer that must be a success. */
export const refusalProblem = (answer: Answer): string | undefined =>
  answer.status >= 200 && answer.status < 300 ? undefined : `it was answered ${describe(answer)}`;

/** Problem of a value that is not the expected one. */
export const differs = (name: string, actual: unknown, expected: unknown): string | undefined =>
  actual === expected ? undefined : `${name} is ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`;

/** An answer in a few words. */
export function describe({ status, code, body }: Answer): string {
  if (code !== undefined) return `${status} ${code}`;
  const error = /"error"\s*:\s*"([^"]{1,60})"/.exec(body)?.[1];
  return error === undefined ? String(status) : `${status} ${error}`;
}
