import type { BreakItVariant } from "backend-api";

interface Wording {
  title: string;
  /** What is done, and to whom. */
  what: string;
}

/** The variants in the order a reader meets the checks. */
export const variantWording: Record<BreakItVariant, Wording> = {
  "changed-body": {
    title: "Flip one byte of the body",
    what: "The request is signed as it should be; on the way, one bit of its body changes.",
  },
  "changed-path": {
    title: "Send it to another path",
    what: "Signed for one path, sent to /admin.",
  },
  "other-key": {
    title: "Sign with another key",
    what: "Somebody else signs under the backend’s name.",
  },
  stale: { title: "Sign it ten minutes ago", what: "A good signature, made too long ago." },
  replay: { title: "Send it twice", what: "The same bytes again. The first time they are let in." },
  "stolen-token": {
    title: "Steal the auth token",
    what: "A thief has the token, and signs with the only key that a thief has: another one.",
  },
  "widened-scope": {
    title: "Write a wider scope into the token",
    what: "The holder adds supply-chain:admin to its own auth token.",
  },
  "other-audience": {
    title: "Use the token elsewhere",
    what: "The auth token for the supply-chain agent, at the market-analysis agent.",
  },
  "unsigned-resource-token": {
    title: "Forge a resource token",
    what: "The auth server is shown the claims of a resource token that nobody signed.",
  },
};

const parties: Record<string, string> = {
  gateway: "the gateway",
  "supply-chain-agent": "the supply-chain agent",
  "market-analysis-agent": "the market-analysis agent",
  "auth-server": "the auth server",
};

export function partyLabel(party: string): string {
  return parties[party] ?? party;
}
