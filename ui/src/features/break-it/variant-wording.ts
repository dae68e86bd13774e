import type { BreakItVariant } from "backend-api";
import { AGENT_NAMES } from "topology";

interface Wording {
  title: string;
  /** What is done, and to whom. */
  what: string;
  /** What keeps it from working: more than the error says. */
  lesson: string;
}

/** The variants in the order a reader meets the checks. */
export const variantWording: Record<BreakItVariant, Wording> = {
  "changed-body": {
    title: "Flip one byte of the body",
    what: "The request is signed as it should be; on the way, one bit of its body changes.",
    lesson:
      "The signature covers the digest of the body. Only the agent has the body, so it is the agent that compares.",
  },
  "changed-path": {
    title: "Send it to another path",
    what: "Signed for one path, sent to /admin.",
    lesson: "The path is a covered component: a signature is good for one place only.",
  },
  "other-key": {
    title: "Sign with another key",
    what: "Somebody else signs under the backend’s name.",
    lesson:
      "A name is worth nothing without its key: the receiver takes the key that the backend has published, or that the request itself shows, and this signature is not by it.",
  },
  stale: {
    title: "Sign it ten minutes ago",
    what: "A good signature, made too long ago.",
    lesson: "A signature says in created when it was made, and is good for a short time after that.",
  },
  replay: {
    title: "Send it twice",
    what: "The same bytes again. The first time they are let in.",
    lesson: "A nonce is good once for a key and a place. Who overhears a request can do nothing with it.",
  },
  "stolen-token": {
    title: "Steal the auth token",
    what: "A thief has the token, and signs with the only key that a thief has: another one.",
    lesson:
      "The token names the key of the one it was issued to in cnf.jwk, and only that key’s signature counts. No bearer token could refuse its thief.",
  },
  "widened-scope": {
    title: "Write a wider scope into the token",
    what: "The holder adds supply-chain:admin to its own auth token.",
    lesson: "The auth server has signed the claims: who changes one of them breaks that signature.",
  },
  "other-audience": {
    title: "Use the token elsewhere",
    what: "The auth token for the supply-chain agent, at the market-analysis agent.",
    lesson: "The token names in aud the one resource it is for.",
  },
  "unsigned-resource-token": {
    title: "Forge a resource token",
    what: "The auth server is shown the claims of a resource token that nobody signed.",
    lesson:
      "The auth server takes a resource token only with the signature of the resource that it names: nobody asks for access in a resource’s name.",
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
