import { AAuthAgentError, type AAuthError, AnswerPendingError, TokenRequestError } from "aauth";
import { CONSENT_DENIED, type Failure, type Hop } from "backend-api";
import { PARTIES } from "./failure-texts.ts";
import { networkCodeOf } from "./network-code.ts";
import { oneLine } from "./one-line.ts";

/** How a request ends at a page (draft -11, section 11.9.4). */
const AT_PAGE: ReadonlyMap<string, Pick<Failure, "message" | "advice">> = new Map([
  ["denied", CONSENT_DENIED],
  [
    "abandoned",
    {
      message: "The page was left without a decision.",
      advice: "Start the optimization again and decide on the page.",
    },
  ],
  [
    "expired",
    {
      message: "No one has decided in time.",
      advice: "Start the optimization again and decide within ten minutes.",
    },
  ],
]);

/** The other party could not be asked, or its response is none. */
export const UNUSABLE = /^(?:token_request_failed|discovery_|metadata_|unknown_key)/;

/**
 * Explains an error of the agent of draft -11: at which party, which code, and which section of the text demands what failed.
 *
 * @param hops of the parties, by identifier
 * @param asked the party whom the last event was about, where the error names none
 */
export function draft11Failure(error: AAuthError, hops: ReadonlyMap<string, Hop>, asked: Hop): Failure {
  const named = error instanceof AAuthAgentError && error.hop !== undefined ? hops.get(error.hop) : undefined;
  const hop = named ?? asked;
  const party = PARTIES[hop];
  const section = error.section;
  const where = { hop, section };
  const detail = oneLine(error.message);
  if (error instanceof TokenRequestError) {
    const { oauthError: code, description } = error;
    const atPage = AT_PAGE.get(code);
    if (atPage !== undefined) return { ...where, check: "consent", code, ...atPage };
    const message = `${party} issued no token: ${code}${description ? `: ${oneLine(description)}` : ""}`;
    return { ...where, check: "token_request", code, message, advice: "Its log says why." };
  }
  const network = networkCodeOf(error);
  if (network !== undefined || UNUSABLE.test(error.code)) {
    const code = network ?? error.code;
    const message = `${party} could not be used: ${detail}`;
    const advice = "Start it, and compare its address in AAUTH_ENDPOINTS of each service.";
    return { ...where, check: network === "timeout" ? "timeout" : "connection", code, message, advice };
  }
  if (error instanceof AnswerPendingError) {
    const message = `${party} waits for a person, and cannot reach one: ${detail}`;
    return { ...where, check: "consent", code: error.code, message, advice: "Start it again." };
  }
  const message = `${party} and the backend do not agree: ${detail}`;
  const advice = "Compare AAUTH_PROFILE, AAUTH_MODE and the identities of both; the section has the rule.";
  return { ...where, check: "challenge", code: error.code, message, advice };
}
