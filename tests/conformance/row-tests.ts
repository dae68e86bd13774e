import { type Bench, type Check, runChecks } from "aauth-conformance";
import { afterAll, beforeAll, expect, test } from "vitest";

/** A party of ours with the bench that tests it. */
export interface StartedRole<B extends Bench> {
  readonly bench: B;
  close(): Promise<unknown>;
}

/**
 * A test for each check of a role, so that a mutation of ours can demand which of them fail.
 */
export function rowTests<B extends Bench>(
  checks: readonly Check<B>[],
  start: () => Promise<StartedRole<B>>,
): void {
  let started: StartedRole<B>;
  beforeAll(async () => {
    started = await start();
  });
  afterAll(() => started.close());
  test.each(checks)("$id $polarity: $title", async (check) => {
    const [result] = await runChecks([check], started.bench);
    const { verdict, reason } = result!;
    // A check that the text leaves open may be skipped; any other would no longer be made.
    expect([check.level === "may" ? "skipped" : "passed", "passed"], reason).toContain(verdict);
  });
}
