import {
  clockLine,
  type Explanation,
  KEY_SOURCES,
  type MessageToExplain,
  type RecordedExplanation,
} from "aauth-explain";
import type { Finding } from "./finding.ts";
import { messageOf, runOf } from "./message-of.ts";

const VERDICTS = { accepted: "Accepted", refused: "Refused", undecided: "Undecided" } as const;

/** An explanation as the page shows it. */
export function explainedFinding(
  explanation: Explanation & Partial<RecordedExplanation>,
  message: MessageToExplain,
): Finding {
  const { verdict, parties, key, caller, request, profile, judgedAt, assumed = [], remedy } = explanation;
  const shown = messageOf(explanation, message);
  const { response } = shown;
  const person = caller?.person && `, for ${caller.person.sub} of ${caller.person.iss}`;
  const signer = parties.signer?.startsWith("the key ")
    ? "its key alone, which names no agent"
    : parties.signer;
  const facts = [
    ["Signed by", caller ? `${signer}, proven (${caller.level})${person ?? ""}` : signer],
    ["Token issued by", parties.issuer],
    ["Sent to", parties.receiver],
    [
      "Key",
      [key?.thumbprint, KEY_SOURCES[key?.source ?? ""] ?? key?.source, key?.problem]
        .filter(Boolean)
        .join(", "),
    ],
    [
      "Its receiver answered",
      shown.status === undefined ? "" : `${shown.status} ${response.headers?.["aauth-refusal"] ?? ""}`,
    ],
    ["Protocol", profile],
    ["Time", judgedAt && clockLine(judgedAt)],
    ["Assumed", assumed.join("; ")],
  ].flatMap(([name = "", value]) => (value ? [{ name, value: String(value) }] : []));
  const { secondOpinion } = explanation.signatureBase;
  return {
    title: `${request.method} ${request.authority}${request.target}`,
    verdict: VERDICTS[verdict],
    outcome: shown.outcome,
    sentence: explanation.sentence,
    remedy: remedy?.text,
    facts,
    message: shown,
    run: runOf(shown),
    source: "As in the input.",
    ...(secondOpinion !== undefined && { second: secondOpinion }),
  };
}
