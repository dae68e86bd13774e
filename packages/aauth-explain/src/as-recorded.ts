import { type AAuthErrorCode, ERROR_CODES } from "aauth";
import type { ExplainedCheck, Explanation, Remedy } from "./explanation.ts";
import type { RecordedVerdict } from "./read/http-parts.ts";
import { REMEDIES } from "./sentences.ts";

type AsRecorded = Pick<Explanation, "checks" | "signatureBase" | "verdict"> & {
  readonly reason: string;
  readonly remedy?: Remedy;
};

/**
 * A receiver's record of a message that is cut in it. It is not verified again, so the
 * verdict is `undecided`. Two recorded signature bases show what was changed on the way.
 */
export function asRecorded({ judge, signedBase }: RecordedVerdict, cut: string): AsRecorded | undefined {
  if (judge === undefined) return undefined;
  const { party, errorCode, base } = judge;
  const code = isCode(errorCode) ? errorCode : undefined;
  const checks = judge.checks.map(({ name, verdict, reason, section }): ExplainedCheck => {
    const isCoded = verdict === "failed" && code !== undefined;
    return { name, verdict, section, ...(reason !== undefined && { reason }), ...(isCoded && { code }) };
  });
  const failed = checks.find(({ verdict }) => verdict === "failed");
  const found =
    failed === undefined
      ? "all checks passed"
      : `the check “${failed.name}” failed${failed.reason === undefined ? "" : `: ${failed.reason}`}`;
  const changed = failed?.name === "signature" ? changedLine(signedBase, base) : undefined;
  const text =
    changed !== undefined
      ? `The recorded bases differ: ${changed}. Let it pass on as it was signed.`
      : failed && code && REMEDIES[code];
  return {
    verdict: "undecided",
    reason: `${cut}. ${party} recorded that ${found}`,
    checks,
    signatureBase: {
      ...(base !== undefined && { ours: base }),
      agree: false,
      problem: `as ${party} recorded it`,
    },
    ...(text && { remedy: { state: changed === undefined ? "unknown" : "named", text } }),
  };
}

const isCode = (text: string | undefined): text is AAuthErrorCode =>
  text !== undefined && Object.hasOwn(ERROR_CODES, text);

/** The first line in which the bases differ. Both cut a token at the same place. */
function changedLine(signed: string | undefined, received: string | undefined): string | undefined {
  if (signed === undefined || received === undefined) return undefined;
  const [lines, others] = [signed.split("\n"), received.split("\n")];
  const at = lines.findIndex((line, index) => line !== others[index]);
  return at === -1 ? undefined : `signed was ${lines[at]}, received ${others[at] ?? "nothing"}`;
}
