import type { AAuthEvent } from "aauth";
import { PARENT_REQUESTS } from "agent-kit/protocol-log";
import type { DelegateRun } from "backend-api";

type Step = DelegateRun["steps"][number];
type Event<Type extends AAuthEvent["type"]> = Extract<AAuthEvent, { type: Type }>;

/** Wording of steps that differs by dialect. */
interface Wording {
  signed(event: Event<"request_signed">): string;
  wanted(event: Event<"challenge_received">): string;
  requested(event: Event<"token_requested">): Step;
  received(event: Event<"token_received">): Step;
  held(tokenId: string): Step;
}

const FEBRUARY: Wording = {
  signed: ({ scheme, attempt, tokenId }) =>
    `scheme ${scheme}${attempt === 1 && tokenId !== undefined ? ", with the agent token" : ""}`,
  // Requests are signed, so a 401 that requires a signature has rejected the signature or the
  // token.
  wanted: ({ status, level }) =>
    status === 401 && level === "pseudonymous"
      ? "the signature or the token was not accepted"
      : `the caller must be ${level}`,
  requested: ({ type, requestType, server }) => ({
    action: type,
    details: `request_type=${requestType} sent to ${server}`,
  }),
  received: ({ type, token }) => {
    const { agent, agent_delegate, scope } = token.claims;
    const details = `agent ${agent}, ${named("agent_delegate", agent_delegate)}, ${named("scope", scope)}`;
    return { action: type, details: `Auth token ${token.tokenId}: ${details}` };
  },
  held: (tokenId) => ({
    action: "token_cache_hit",
    details: `Auth token ${tokenId}, cached from the previous call`,
  }),
};

const DRAFT_11: Wording = {
  signed: ({ tokenId }) => `with token ${tokenId}`,
  // The answer can also require a person to act.
  wanted: ({ level }) => {
    if (!level.endsWith("-token")) return level;
    return `the caller must present ${level === "person-token" ? "a" : "an"} ${level}`;
  },
  requested: (event) => ({ action: ofParent(event), details: `Sent to the parent at ${event.server}` }),
  received: (event) => {
    const { tokenId, claims } = event.token;
    const scope = claims.scope === undefined ? "" : `, scope ${claims.scope}`;
    return { action: ofParent(event), details: `${tokenId} of ${claims.iss} for ${claims.aud}${scope}` };
  },
  // Person tokens are cached, too.
  held: (tokenId) => ({ action: "token_held", details: `${tokenId}, from the previous call` }),
};

/** The published extension omits `agent_delegate`. */
const named = (claim: string, value: unknown) =>
  value === undefined ? `no ${claim}` : `${claim} ${String(value)}`;

const ofParent = ({ type, requestType }: Event<"token_requested" | "token_received">) =>
  requestType === PARENT_REQUESTS.person ? `person_${type}` : type;

/** Describes an event as a step for the page. Undefined for events that another step covers. */
export type DescribeEvent = (event: AAuthEvent) => Step | undefined;

export const describeFebruaryEvent: DescribeEvent = (event) => describe(event, FEBRUARY);
export const describeDraft11Event: DescribeEvent = (event) => describe(event, DRAFT_11);

function describe(event: AAuthEvent, words: Wording): Step | undefined {
  switch (event.type) {
    case "request_signed":
      if (event.purpose !== "resource") return undefined;
      return { action: event.type, details: `${event.method} ${event.url}, ${words.signed(event)}` };
    case "challenge_received":
      return { action: event.type, details: `Status ${event.status}: ${words.wanted(event)}` };
    case "token_requested":
      return words.requested(event);
    case "token_received":
      return words.received(event);
    case "token_cache_hit":
      return words.held(event.tokenId);
    case "response_received":
      if (event.purpose !== "resource" || event.status >= 300) return undefined;
      return { action: event.type, details: `Status ${event.status}` };
    default:
      return undefined;
  }
}
