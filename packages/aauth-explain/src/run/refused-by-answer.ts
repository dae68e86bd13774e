/**
 * Refusals that a server states in its answer after all checks of the signature have passed.
 *
 * @module
 */

import { parseRefusal, REFUSAL_FIELD } from "aauth/resource";
import type { TracedCheck } from "./attribute-names.ts";
import type { Message, Verdict, VerifierSide } from "./protocol-run.ts";
import { isRecord, parsedJson } from "./trace-span.ts";

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

function refusedBy(message: Refused, verifier: VerifierSide): VerifierSide {
  const refusal = parseRefusal(message.response.headers?.[REFUSAL_FIELD]);
  const body = membersOf(message.response.body);
  const errorCode =
    verifier.errorCode ?? (message.purpose === "token" ? textOf(body.error) : undefined) ?? refusal?.code;
  const named = nameOfCheck(message, errorCode) ?? refusal?.check;
  if (named === undefined) {
    // A limit or a reason of the application is not a verdict on the message.
    return verifier.errorCode === undefined ? verifier : { ...verifier, verdict: "refused" };
  }
  const failed: TracedCheck = {
    name: named,
    verdict: "failed",
    reason: textOf(body.error_description) ?? textOf(body.detail),
    section: (refusal?.check === named ? refusal.section : undefined) ?? sectionOf(verifier),
  };
  const checks = [...verifier.checks.filter(({ name }) => name !== named), failed];
  return { ...verifier, verdict: "refused", errorCode, checks };
}

/** Grants of token requests that do not use a resource token. */
const GRANTS: Readonly<Record<string, string>> = { code: "authorization code", refresh: "refresh token" };

/** Maps `invalid_resource_token` to the check "resource token", and so on. */
function nameOfCheck({ purpose, requestType }: Refused, code = ""): string | undefined {
  if (purpose !== "token") return undefined;
  if (code === "invalid_grant") return GRANTS[requestType ?? ""] ?? "resource token";
  return /^invalid_([a-z_]{1,40})$/.exec(code)?.[1]?.replaceAll("_", " ");
}

/**
 * The auth server of February 2026 answers with OAuth errors, servers of draft -11 with problem
 * details.
 */
const sectionOf = ({ profile }: VerifierSide) =>
  profile === "draft-11" ? "draft -11, section 11.9.3" : "profile 6.2";

function membersOf(body: string | undefined): Readonly<Record<string, unknown>> {
  const members = parsedJson(body);
  return isRecord(members) ? members : {};
}

const textOf = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);
