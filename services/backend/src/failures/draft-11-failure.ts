import { AAuthAgentError, type AAuthError, StillWaitingError, TokenRequestError } from "aauth";
import type { AgentHttpError } from "aauth-a2a";
import { CONSENT_DENIED, type Failure, type Hop } from "backend-api";
import { isTerminated } from "../calls/missions.ts";
import { PARTIES } from "./failure-texts.ts";
import { networkCodeOf } from "./network-code.ts";
import { oneLine } from "./one-line.ts";

/** Failure of a request whose page expired without a decision. */
export const PAGE_EXPIRED = {
  message: "No decision was made in time.",
  advice: "Start the optimization again and decide within ten minutes.",
};

/** Ways in which a request can end at a page (draft -11, section 11.9.4). */
const AT_PAGE: ReadonlyMap<string, Pick<Failure, "message" | "advice">> = new Map([
  ["denied", CONSENT_DENIED],
  [
    "abandoned",
    {
      message: "The page was closed without a decision.",
      advice: "Start the optimization again and decide on the page.",
    },
  ],
  ["expired", PAGE_EXPIRED],
]);

/** Denial on the access server's page, where the resource's owner decides. */
const BY_OWNER: Pick<Failure, "message" | "advice"> = {
  message: "An owner of the resource denied the request.",
  advice: "Contact an owner, then start the optimization again.",
};

/**
 * Final statuses of a pending request at an agent (sections 11.8.3 and 11.9.4). A restarted agent
 * knows none.
 */
const ENDED: Readonly<Record<number, string>> = { 404: "not_found", 408: "expired", 410: "gone" };

/**
 * Explains the answer of an agent at whose page the call waited; undefined if the answer did not
 * end the wait.
 */
export function endedWaiting({ status }: AgentHttpError): Failure | undefined {
  const code = ENDED[status];
  if (code === undefined) return undefined;
  return {
    hop: "supply-chain-agent",
    check: "answer",
    code,
    section: "draft -11, section 11.9.4",
    message:
      "The supply-chain agent no longer knows the pending request: it has restarted, or the wait was too long.",
    advice: "Start the optimization again.",
  };
}

/** Codes for a party that could not be reached or gave no usable response. */
export const UNUSABLE = /^(?:token_request_failed|discovery_|metadata_|unknown_key)/;

/**
 * Explains an error of the draft -11 agent: the party, the code, and the section with the rule that
 * was broken.
 *
 * @param options.hops hop of each party, by identifier
 * @param options.asked party of the last event, for an error that names none
 * @param options.page identifier of the party on whose page the decision was made
 */
export function draft11Failure(
  error: AAuthError,
  options: {
    readonly hops: ReadonlyMap<string, Hop>;
    readonly asked: Hop;
    readonly page?: string | undefined;
  },
): Failure {
  const { hops, asked, page } = options;
  const named = error instanceof AAuthAgentError && error.hop !== undefined ? hops.get(error.hop) : undefined;
  const hop = named ?? asked;
  const party = PARTIES[hop];
  const cited = error.section !== undefined && { section: error.section };
  const where = { hop, ...cited };
  const detail = oneLine(error.message);
  if (isTerminated(error)) {
    const message = "The mission has ended, so nothing more is done under it.";
    const ended = { check: "policy", code: "mission_terminated", message } as const;
    return { ...cited, ...ended, hop: "person-server", advice: "Start again: a new mission is proposed." };
  }
  if (error instanceof TokenRequestError) {
    const { oauthError: code, description } = error;
    const atPage = AT_PAGE.get(code);
    // Without a page, a policy has denied the request and states why.
    if (atPage !== undefined && (code !== "denied" || page !== undefined)) {
      // The person server relays decisions made elsewhere.
      const decidedAt = (page === undefined ? undefined : hops.get(page)) ?? hop;
      const texts = decidedAt === "access-server" && code === "denied" ? BY_OWNER : atPage;
      return { ...cited, check: "consent", code, ...texts, hop: decidedAt };
    }
    const message = `${party} did not issue a token: ${code}${description ? `: ${oneLine(description)}` : ""}`;
    return { ...where, check: "token_request", code, message, advice: "Its log says why." };
  }
  if (error.code === "waiting_key_gone") {
    const message = "The backend has restarted and no longer has the key that the answer is for.";
    return {
      hop: "backend",
      check: "internal",
      code: error.code,
      ...cited,
      message,
      advice: "Start the optimization again.",
    };
  }
  const network = networkCodeOf(error);
  if (network !== undefined || UNUSABLE.test(error.code)) {
    const code = network ?? error.code;
    const message = `${party} could not be used: ${detail}`;
    const advice = "Start it, and compare its address in each service's AAUTH_ENDPOINTS.";
    return { ...where, check: network === "timeout" ? "timeout" : "connection", code, message, advice };
  }
  if (error instanceof StillWaitingError) {
    const message = `${party} is waiting for a person but cannot reach one: ${detail}`;
    return { ...where, check: "consent", code: error.code, message, advice: "Start it again." };
  }
  const message = `${party} and the backend disagree: ${detail}`;
  const advice =
    "Compare AAUTH_PROFILE, AAUTH_MODE and the identities of both; the cited section has the rule.";
  return { ...where, check: "challenge", code: error.code, message, advice };
}
