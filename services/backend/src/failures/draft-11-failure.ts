import { AAuthAgentError, type AAuthError, AnswerPendingError, TokenRequestError } from "aauth";
import type { AgentHttpError } from "aauth-a2a";
import { draft11SectionOf } from "agent-kit/draft-11";
import { CONSENT_DENIED, type Failure, type Hop } from "backend-api";
import { PARTIES } from "./failure-texts.ts";
import { networkCodeOf } from "./network-code.ts";
import { oneLine } from "./one-line.ts";

/** No decision came in time. */
export const PAGE_EXPIRED = {
  message: "No one has decided in time.",
  advice: "Start the optimization again and decide within ten minutes.",
};

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
  ["expired", PAGE_EXPIRED],
]);

/** Decided at the access server's page, which is the resource's owner's. */
const BY_OWNER: Pick<Failure, "message" | "advice"> = {
  message: "An owner of the resource did not allow it.",
  advice: "Ask an owner, and start the optimization again.",
};

/**
 * How a request ends that an agent has kept waiting (sections 11.8.3 and 11.9.4). After a restart
 * it knows none.
 */
const ENDED: Readonly<Record<number, string>> = { 404: "not_found", 408: "expired", 410: "gone" };

/**
 * Explains the answer of an agent at whose page the call waited; undefined where that did not end
 * the waiting.
 */
export function endedWaiting({ status }: AgentHttpError): Failure | undefined {
  const code = ENDED[status];
  if (code === undefined) return undefined;
  return {
    ...{ hop: "supply-chain-agent", check: "answer", code, section: "draft -11, section 11.9.4" },
    message:
      "The supply-chain agent does not know the request that waited there any more: it has started again, or the wait was too long.",
    advice: "Start the optimization again.",
  };
}

/** The other party could not be asked, or its response is none. */
export const UNUSABLE = /^(?:token_request_failed|discovery_|metadata_|unknown_key)/;

/**
 * Explains an error of the agent of draft -11: at which party, which code, and which section of the
 * text demands what failed.
 *
 * @param options.hops of the parties, by identifier
 * @param options.asked the party whom the last event was about, where the error names none
 * @param options.page identifier of the party at whose page was decided
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
  const section = draft11SectionOf(error);
  const where = { hop, section };
  const detail = oneLine(error.message);
  if (error instanceof TokenRequestError) {
    const { oauthError: code, description } = error;
    const atPage = AT_PAGE.get(code);
    // Without a page it was a policy that has denied, and says why.
    if (atPage !== undefined && (code !== "denied" || page !== undefined)) {
      // The person server passes on what was decided elsewhere.
      const decidedAt = (page === undefined ? undefined : hops.get(page)) ?? hop;
      const texts = decidedAt === "access-server" && code === "denied" ? BY_OWNER : atPage;
      return { section, check: "consent", code, ...texts, hop: decidedAt };
    }
    const message = `${party} issued no token: ${code}${description ? `: ${oneLine(description)}` : ""}`;
    return { ...where, check: "token_request", code, message, advice: "Its log says why." };
  }
  if (error.code === "waiting_key_gone") {
    const message = "The backend has started again, without the key that the answer is for.";
    return {
      ...{ hop: "backend", check: "internal", code: error.code, section },
      ...{ message, advice: "Start the optimization again." },
    };
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
