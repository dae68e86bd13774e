import type { BreakItVariant } from "backend-api";
import { AGENT_NAMES } from "topology";

interface Wording {
  title: string;
  /** How the request is changed. */
  what: string;
  /** Why it does not work, beyond the error. */
  lesson: string;
}

/** The variants in the order a reader meets the checks. */
export const variantWording: Record<BreakItVariant, Wording> = {
  "changed-body": {
    title: "Flip one byte of the body",
    what: "The request is signed correctly. One bit of its body changes in transit.",
    lesson:
      "The signature covers the digest of the body. Only the agent has the body, so the agent checks the digest.",
  },
  "changed-path": {
    title: "Send it to another path",
    what: "Signed for one path, sent to /admin.",
    lesson: "The path is a covered component, so a signature is valid for one path only.",
  },
  "other-key": {
    title: "Sign with another key",
    what: "Another key signs in the backend’s name.",
    lesson:
      "A name proves nothing without its key. The receiver verifies with the key that the backend published, or that the request contains, and this signature was made with a different one.",
  },
  stale: {
    title: "Sign it ten minutes ago",
    what: "A valid signature that is too old.",
    lesson: "The created parameter dates the signature. The receiver accepts it for a short time only.",
  },
  replay: {
    title: "Send it twice",
    what: "The same bytes twice. The first request is accepted.",
    lesson: "A nonce is accepted once per key and target. An intercepted request cannot be replayed.",
  },
  "stolen-token": {
    title: "Steal the auth token",
    what: "A thief presents the token but signs with a different key.",
    lesson:
      "The token is bound to its owner’s key by cnf.jwk, and only a signature with that key is accepted. A bearer token would have worked for the thief.",
  },
  "widened-scope": {
    title: "Write a wider scope into the token",
    what: "The backend adds supply-chain:admin to its own auth token.",
    lesson: "The auth server signed the claims. Changing one breaks its signature.",
  },
  "other-audience": {
    title: "Use the token elsewhere",
    what: "The auth token for the supply-chain agent is sent to the market-analysis agent.",
    lesson: "The aud claim names the only resource that may accept the token.",
  },
  "unsigned-resource-token": {
    title: "Forge a resource token",
    what: "The auth server receives the claims of a resource token without a valid signature.",
    lesson:
      "The auth server accepts a resource token only if the resource that it names signed it. No other party can request access in its name.",
  },
};

const parties: Record<string, string> = {
  gateway: "the gateway",
  ...Object.fromEntries(AGENT_NAMES.map((name) => [name, `the ${name.replace(/-agent$/, " agent")}`])),
  "auth-server": "the auth server",
};

export function partyLabel(party: string): string {
  return parties[party] ?? party;
}
