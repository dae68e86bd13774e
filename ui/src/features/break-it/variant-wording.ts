import type { AnyBreakItVariant, BearerExchange, BearerTwinVariant } from "backend-api";
import { type ByDialect, ofDialect } from "protocol-trace/by-dialect";
import { AGENT_NAMES } from "topology";

export interface Wording {
  title: string;
  /** How the request is changed. */
  what: string;
  /** The refusal, or why there was no effect, in a few words. */
  headline: string;
  /** The evidence that nothing has changed, with the status of the request after the attack. */
  unchanged?: (status: number) => string;
  /** Why it does not work, beyond the error. */
  lesson: string;
}

const stillWaits = (status: number): string =>
  `The request still waits for its person: the agent’s poll afterwards was answered with status ${status}.`;

/** The variants in the order of the checks, with one wording, or one for each dialect. */
const WORDINGS: Record<AnyBreakItVariant, Wording | ByDialect<Wording>> = {
  "changed-body": {
    title: "Change one byte of the body",
    headline: "the body was changed",
    what: "The request is correct. One byte of its body changes in transit.",
    lesson:
      "The signature covers the digest of the body. Only the agent has the body, so the agent checks the digest.",
  },
  "changed-path": {
    title: "Send it to another path",
    headline: "signed for another path",
    what: "Signed for one path, sent to /admin.",
    lesson: "The path is a covered component, so a signature is valid for one path only.",
  },
  "other-key": {
    title: "Sign with another key",
    headline: "wrong key",
    what: "Another key signs in the backend’s name, without a token.",
    lesson:
      "A name proves nothing without its key. The receiver verifies with the key that the backend published, or that the request contains, and this signature was made with a different one.",
  },
  "uncovered-body": {
    title: "Leave the body out of the signature",
    headline: "the body is not signed",
    what: "The signature is valid, and covers neither content-digest nor content-type.",
    lesson:
      "The agents publish both in additional_signature_components: a body that no signature covers could be exchanged on the way.",
  },
  stale: {
    title: "Sign it ten minutes ago",
    headline: "signed too long ago",
    what: "A valid signature that is too old.",
    lesson: "The created parameter dates the signature. The receiver accepts it for a short time only.",
  },
  replay: {
    "february-2026": {
      title: "Replay the request",
      headline: "seen before",
      what: "The same bytes twice. The first request is accepted.",
      lesson:
        "A nonce is accepted once per key and target. A request that was held back can be used once, unchanged, within a minute.",
    },
    "draft-11": {
      title: "Replay the request",
      headline: "seen before",
      what: "The same bytes twice. The first request is accepted.",
      lesson:
        "A receiver accepts each signature of a request that may change something once, and remembers it for the minute in which created is fresh. A GET can be repeated within that minute, by its sender’s key alone: it changes nothing. A request that was held back can be used once, unchanged.",
    },
  },
  "stolen-token": {
    "february-2026": {
      title: "Steal the token and use it",
      headline: "wrong key",
      what: "A thief presents the token but signs with a different key.",
      lesson:
        "The token is bound to its owner’s key by cnf.jwk, and only a signature with that key is accepted. A bearer token would have worked for the thief.",
    },
    "draft-11": {
      title: "Steal the token and use it",
      headline: "wrong key",
      what: "A thief presents a token of the run and signs with a different key.",
      lesson:
        "Every token is bound to a key by cnf.jwk, and only a signature with that key is accepted. A bearer token would have worked for the thief.",
    },
  },
  "other-agents-token": {
    title: "Use another agent’s token",
    headline: "wrong key",
    what: "A sub-agent gets a token and uses it. Then its parent presents that token and signs with the parent’s key.",
    lesson:
      "The token is valid, and so is the parent’s key. They do not belong together: not even the agent that asked for the token may use it.",
  },
  "expired-token": {
    title: "Present an expired token",
    headline: "the token has expired",
    what: "An agent token that the backend issued correctly, and that expired ten minutes ago.",
    lesson: "The exp claim is compared with the receiver’s own clock, without tolerance.",
  },
  "swapped-typ": {
    title: "Relabel the token",
    headline: "not that kind of token",
    what: "The typ in the header of the token names a different kind of token.",
    lesson:
      "A person token and an auth token differ in little but typ, so typ is read first. The claims have to be those of that kind, and the header is signed like the claims.",
  },
  "widened-scope": {
    "february-2026": {
      title: "Write a wider scope into the token",
      headline: "the token was changed",
      what: "The backend adds supply-chain:admin to its own auth token.",
      lesson: "The auth server signed the claims. Changing one breaks its signature.",
    },
    "draft-11": {
      title: "Write a wider scope into the token",
      headline: "the token was changed",
      what: "The backend adds supply-chain:admin to its own auth token.",
      lesson: "The issuer signed the claims. Changing one breaks its signature.",
    },
  },
  "bearer-token": {
    title: "Send the token as a bearer token",
    headline: "not signed",
    what: "The token is in the Authorization field, and the request is not signed.",
    lesson: "A token alone proves nothing. Each request is signed with the key of its token.",
  },
  "february-message": {
    title: "Speak the profile of February 2026",
    headline: "another profile",
    what: "A correct message of the profile before, with a valid signature.",
    lesson:
      "The route accepts draft -11 alone. A receiver that fell back to another profile would let the sender choose the rules.",
  },
  "agent-token-only": {
    title: "Show only the agent token",
    headline: "it names no person",
    what: "A valid agent token where the agent asks for more.",
    lesson:
      "An agent token says which agent calls, and not for whom. The answer asks for a person token and contains no resource token.",
  },
  "other-audience": {
    "february-2026": {
      title: "Use the token elsewhere",
      headline: "a token for another agent",
      what: "The auth token for the supply-chain agent is sent to the market-analysis agent.",
      lesson: "The aud claim names the only resource that may accept the token.",
    },
    "draft-11": {
      title: "Use the token elsewhere",
      headline: "a token for another agent",
      what: "The token for the supply-chain agent is sent to the market-analysis agent.",
      lesson: "The aud claim names the only resource that may accept the token.",
    },
  },
  "revoked-token": {
    title: "Use a revoked token on the second hop",
    headline: "the token is revoked",
    what: "A sub-agent calls the market-analysis agent, which works. The backend revokes its agent token at the person server, and the sub-agent calls again.",
    lesson:
      "The person server revoked every token that followed from the agent token, and its answer came when the market-analysis agent knew. The gateway does not know what is revoked; the agent does.",
  },
  "guessed-code": {
    title: "Guess an interaction code",
    headline: "no request has this code",
    what: "An intruder’s browser opens the supply-chain agent’s page with a code that no request has.",
    lesson:
      "A code is good once and for one request. It leads a browser to a request and authorizes nothing; a few wrong guesses at one end its request.",
  },
  "forged-callback": {
    title: "Forge the way back from a page",
    headline: "a browser decides nothing",
    what: "The user’s agent asks for a token and has to wait. An intruder’s browser comes back to the person server as if the person had acted at a page.",
    unchanged: stillWaits,
    lesson:
      "A callback only moves a browser. Without the person’s session it changes nothing, and the agent learns the outcome from its own signed poll alone.",
  },
  "pending-of-another": {
    title: "Poll another agent’s request",
    headline: "not the agent that asked",
    what: "The user’s agent asks for a token and has to wait. Another agent of the backend, correctly signed, polls its pending URL.",
    lesson:
      "Only the agent that asked gets the answer. To any other agent the request does not exist, whether or not its URL has leaked.",
  },
  "stolen-agent-token": {
    title: "Steal the agent token",
    headline: "wrong key",
    what: "A thief asks the person server for a token with the agent token of the user’s agent, and signs with a different key.",
    lesson: "The agent token, too, is bound to a key. The person server gives nothing for the token alone.",
  },
  "foreign-upstream-token": {
    title: "Act on a token that was given to another",
    headline: "a token for another party",
    what: "The backend names its own token as upstream_token, as if it had been called with it.",
    lesson:
      "An upstream token is for the party that was called with it: its aud is the caller of the person server. This one is for the supply-chain agent.",
  },
  "upstream-of-another-server": {
    title: "Bring an upstream token of another person server",
    headline: "a token of another issuer",
    what: "The backend plays a person server, issues a token for its own agent, and names it as upstream_token.",
    lesson:
      "A person server accepts only upstream tokens of its own persons: it issued them, or they name it in ps. It fetches nothing from any other.",
  },
  "guessed-consent-code": {
    title: "Guess a consent code",
    headline: "a code opens nothing without its person",
    what: "The user’s agent asks for a token and has to wait. An intruder’s browser opens the person server’s page with a code that is wrong in one symbol.",
    unchanged: stillWaits,
    lesson:
      "A code leads a browser to a request and authorizes nothing: the person has to sign in. A few wrong codes end the request, and no guess grants it.",
  },
  "revocation-by-another": {
    title: "Revoke a token of another issuer",
    headline: "a token of another issuer stays valid",
    what: "The backend revokes the token of the run at the person server, correctly signed in its own name. It has not issued that token.",
    unchanged: (status) =>
      `The run’s token still works: it was used again afterwards and accepted with status ${status}.`,
    lesson:
      "A revocation names a token by its jti, and applies to the tokens of the server that signs it. With the jti of another issuer’s token it reaches nothing, and its answer does not tell whether that token exists.",
  },
  "foreign-resource-token": {
    title: "Redeem another agent’s resource token",
    headline: "issued to another agent",
    what: "Another agent of the backend sends the run’s resource token to the person server.",
    lesson:
      "The resource token names the key of the agent that it was issued for (agent_jkt). Another agent signs with a different key.",
  },
  "unsigned-resource-token": {
    "february-2026": {
      title: "Forge a resource token",
      headline: "not signed by the resource",
      what: "The auth server receives the claims of a resource token without a valid signature.",
      lesson:
        "The auth server accepts a resource token only if the resource that it names signed it. No other party can request access in its name.",
    },
    "draft-11": {
      title: "Forge a resource token",
      headline: "not signed by the resource",
      what: "The person server receives the claims of a resource token without a valid signature.",
      lesson:
        "The person server accepts a resource token only if the resource that it names signed it. No other party can request access in its name.",
    },
  },
  "agent-at-access-server": {
    title: "Ask the access server directly",
    headline: "no agent is served here",
    what: "The user’s agent sends its tokens to the access server itself.",
    lesson:
      "Only person servers ask an access server, in their own name (jwks_uri). It has no way to know what a person agreed to, and believes no agent about it.",
  },
  "forged-person-server": {
    title: "Pose as a person server",
    headline: "an unknown person server",
    what: "The backend sends the access server what a person server would send, signed in its own name.",
    lesson:
      "An access server takes requests from the person servers that it is configured with. Any other is refused before anything is fetched for it.",
  },
  "foreign-revocation": {
    title: "Revoke a token at the access server",
    headline: "an unknown issuer",
    what: "The backend, which is neither a person server nor a resource there, revokes the token of the run in its own name.",
    lesson:
      "A revocation is accepted from servers whose tokens are accepted, and reaches their own tokens only.",
  },
};

/** Words for the outcome of an attack on the bearer twin, beside the same attack on AAuth. */
export interface TwinWording {
  /** Loss with a bearer token. */
  lost: string;
  /** Why the bearer token could not prevent it. */
  why: string;
}

const TWIN_WORDINGS: Record<BearerTwinVariant, TwinWording> = {
  "stolen-token": {
    lost: "the thief has the report",
    why: "Whoever has the token is let in: the service cannot tell the thief from the agent.",
  },
  replay: {
    lost: "ordered twice",
    why: "The second request is as good as the first: nothing in it says that it was sent before.",
  },
  "changed-body": {
    lost: "25.0 became 2500",
    why: "The token says nothing about the body: any body goes with it.",
  },
};

/** Parties that send to the bearer twin. */
export const SENDERS: Record<BearerExchange["sender"], string> = {
  agent: "The agent",
  thief: "The thief, with the agent’s token",
  network: "An intruder on the way",
};

/** Undefined for a variant without a twin. */
export const twinWordingOf = (variant: AnyBreakItVariant): TwinWording | undefined =>
  Object.hasOwn(TWIN_WORDINGS, variant) ? TWIN_WORDINGS[variant as BearerTwinVariant] : undefined;

/** The words for a variant in a run of a profile. */
export function wordingOf(variant: AnyBreakItVariant, profile: string | undefined): Wording {
  const wording = WORDINGS[variant];
  return "title" in wording ? wording : ofDialect(wording, profile);
}

const parties: Record<string, string> = {
  gateway: "the gateway",
  ...Object.fromEntries(AGENT_NAMES.map((name) => [name, `the ${name.replace(/-agent$/, " agent")}`])),
  "auth-server": "the auth server",
  "person-server": "the person server",
  "access-server": "the access server",
};

export function partyLabel(party: string): string {
  return parties[party] ?? party;
}
