/**
 * Refusals that a server states in its answer after all checks of the signature have passed.
 *
 * @module
 */

import { checkOfCode, readRefusal } from "../read-refusal.ts";
import type { TracedCheck } from "./attribute-names.ts";
import type { Message, Verdict, VerifierSide } from "./protocol-run.ts";

type Refused = Pick<Message, "outcome" | "to" | "stoppedAt" | "purpose" | "requestType" | "response">;

/**
 * The verifiers of a message. If it was refused although all checks passed, the answering party
 * refused it, and the check named by its error failed.
 */
export function withRefusalOfAnswer(message: Refused, verifiers: readonly VerifierSide[]): VerifierSide[] {
  const { outcome, to, stoppedAt } = message;
  const answering = verifiers.findLastIndex(({ party }) => party === (stoppedAt ?? to));
  const isNamed = outcome === "refused" && verifiers.every(({ verdict }) => verdict === "passed");
  return verifiers.map((verifier, index) =>
    isNamed && index === answering ? refusedBy(message, verifier) : verifier,
  );
}

/**
 * The verdict to show for a verifier. It may pass a message that its party then refuses for a
 * policy or another reason, or for which the agent requires an interaction.
 */
export function shownVerdict(
  { outcome, to, stoppedAt }: Pick<Message, "outcome" | "to" | "stoppedAt">,
  { party, verdict }: Pick<VerifierSide, "party" | "verdict">,
): Verdict {
  if (verdict !== "passed") return verdict;
  if ((stoppedAt ?? to) === party && outcome === "refused") return "refused";
  return to === party && outcome === "challenged" ? "challenged" : verdict;
}

function refusedBy({ purpose, requestType, response }: Refused, verifier: VerifierSide): VerifierSide {
  const { field, error, reason } = readRefusal(response.headers, response.body);
  const errorCode = verifier.errorCode ?? (purpose === "token" ? error : undefined) ?? field?.code;
  const named = (purpose === "token" ? checkOfCode(errorCode, requestType) : undefined) ?? field?.check;
  if (named === undefined) {
    // A limit or a reason of the application is not a verdict on the message.
    return verifier.errorCode === undefined ? verifier : { ...verifier, verdict: "refused" };
  }
  const section = (field?.check === named ? field.section : undefined) ?? sectionOf(verifier);
  const failed: TracedCheck = { name: named, verdict: "failed", reason, section };
  const checks = [...verifier.checks.filter(({ name }) => name !== named), failed];
  return { ...verifier, verdict: "refused", errorCode, checks };
}

/**
 * The auth server of February 2026 answers with OAuth errors, servers of draft -11 with problem
 * details.
 */
const sectionOf = ({ profile }: VerifierSide) =>
  profile === "draft-11" ? "draft -11, section 11.9.3" : "profile 6.2";
