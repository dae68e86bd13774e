import {
  type Check,
  type Finding,
  inconclusive,
  type Result,
  skipped,
  type Verdict,
  warning,
} from "./check.ts";
import { type Target, TargetError } from "./target.ts";

/** What the checks of a role need to run. */
export interface Bench {
  readonly target: Pick<Target, "takeExchanges">;
  /** Facts about the target that rows may need, by name. */
  readonly claims: ReadonlySet<string>;
}

export interface RunOptions {
  /** Called after each check. */
  readonly onResult?: (result: Result, done: number, total: number) => void;
  /** Limit of one check. Default 60000. */
  readonly checkTimeoutMs?: number;
}

/** Checks in a row without any answer, after which the target counts as gone. */
const MAX_SILENT_CHECKS = 3;
const CHECK_TIMEOUT_MS = 60_000;

/** The suite itself broke: exit status 2. */
export class SuiteError extends Error {
  override readonly name = "SuiteError";
}

/**
 * Runs checks one after the other. Errors of the target become verdicts; others are the suite's.
 *
 * @throws SuiteError
 */
export async function runChecks<B extends Bench>(
  checks: readonly Check<B>[],
  bench: B,
  { onResult = () => {}, checkTimeoutMs = CHECK_TIMEOUT_MS }: RunOptions = {},
): Promise<readonly Result[]> {
  const results: Result[] = [];
  let silent = 0;
  for (const check of checks) {
    const startedAt = performance.now();
    bench.target.takeExchanges();
    const missing = check.needs.filter((need) => !bench.claims.has(need));
    const finding =
      missing.length > 0
        ? skipped(`the target does not claim: ${missing.join(", ")}`)
        : silent >= MAX_SILENT_CHECKS
          ? inconclusive("the target no longer answers")
          : await runOne(check, bench, checkTimeoutMs);
    const exchanges = bench.target.takeExchanges();
    if (exchanges.length > 0) silent = exchanges.every(({ answer }) => answer === undefined) ? silent + 1 : 0;
    const { run: _, ...row } = check;
    const { verdict, reason } = weighed(finding, check.level);
    const ms = Math.round(performance.now() - startedAt);
    const result: Result = { ...row, verdict, ...(reason !== undefined && { reason }), ms, exchanges };
    results.push(result);
    onResult(result, results.length, checks.length);
  }
  return results;
}

async function runOne<B>(check: Check<B>, bench: B, limitMs: number): Promise<Finding> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Finding>((resolve) => {
    timer = setTimeout(() => resolve(inconclusive(`the check took longer than ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([Promise.resolve(check.run(bench)), late]);
  } catch (error) {
    if (error instanceof TargetError) return inconclusive(error.message);
    throw new SuiteError(`${check.id} broke: ${(error as Error).stack}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** A failed `should` is a warning; a `may` is never more than a note. */
function weighed(finding: Finding, level: Check<unknown>["level"]): Finding {
  if (finding.verdict !== "failed" && finding.verdict !== "warning") return finding;
  if (level === "should") return warning(finding.reason ?? "");
  return level === "may" ? skipped(`the text leaves this open: ${finding.reason}`) : finding;
}

/** Number of results of each verdict. */
export function countVerdicts(results: readonly Pick<Result, "verdict">[]): Record<Verdict, number> {
  const counts: Record<Verdict, number> = { passed: 0, failed: 0, warning: 0, inconclusive: 0, skipped: 0 };
  for (const { verdict } of results) counts[verdict] += 1;
  return counts;
}
