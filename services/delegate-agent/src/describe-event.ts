import type { AAuthEvent } from "aauth";
import { PARENT_REQUESTS } from "agent-kit/protocol-log";
import type { DelegateRun } from "backend-api";

type Step = DelegateRun["steps"][number];
export type Event<Type extends AAuthEvent["type"]> = Extract<AAuthEvent, { type: Type }>;

/** Wording of steps that differs by dialect. */
export interface EventWording {
  signed(event: Event<"request_signed">): string;
  wanted(event: Event<"challenge_received">): string;
  requested(event: Event<"token_requested">): Step;
  received(event: Event<"token_received">): Step;
  held(tokenId: string): Step;
}

const DRAFT_11: EventWording = {
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

const ofParent = ({ type, requestType }: Event<"token_requested" | "token_received">) =>
  requestType === PARENT_REQUESTS.person ? `person_${type}` : type;

/** Describes an event as a step for the page. Undefined for events that another step covers. */
export type DescribeEvent = (event: AAuthEvent) => Step | undefined;

export const describeDraft11Event: DescribeEvent = (event) => describe(event, DRAFT_11);

/** Describes an event in a dialect's words. */
export function describe(event: AAuthEvent, words: EventWording): Step | undefined {
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
