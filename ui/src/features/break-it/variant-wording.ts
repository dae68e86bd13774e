import type { AnyBreakItVariant, BearerExchange, BearerTwinVariant } from "backend-api";
import { type ByDialect, ofDialect } from "protocol-trace/by-dialect";
import { AGENT_NAMES } from "topology";

export interface Wording {
  title: string;
  /** Description of the change to the request. */
  what: string;
  /** The refusal, or the lack of an effect, in a few words. */
  headline: string;
  /** Evidence that nothing has changed, with the status of the follow-up request. */
  unchanged?: (status: number) => string;
  /** Explains why the attack does not work. */
  lesson: string;
}

const stillWaits = (status: number): string =>
  `The request is still pending: the agent’s next poll was answered with status ${status}.`;

/** The variants in the order of the checks, with one wording, or one for each dialect. */
const WORDINGS: Record<AnyBreakItVariant, Wording | ByDialect<Wording>> = {
  "changed-body": {
    title: "Change one byte of the body",
    headline: "the body was changed",
    what: "The request is correct. One byte of its body changes in transit.",
    lesson:
      "The signature covers a digest of the body. The gateway’s check does not receive the body, so the agent compares the digest.",
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
      "A name proves nothing without its key. The receiver verifies with the key that the backend has published, or that the request contains; this signature was made with a different key.",
  },
  "uncovered-body": {
    title: "Leave the body out of the signature",
    headline: "the body is not signed",
    what: "The signature is valid but covers neither content-digest nor content-type.",
    lesson:
      "The agents require both in their additional_signature_components: a body that is not covered could be replaced in transit.",
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
        "A receiver remembers the signatures of requests that may change something while they are fresh, for a minute, and accepts each once. A copy of a GET, which changes nothing, is accepted within that minute. A request that was held back works once, unchanged.",
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
    what: "A sub-agent obtains a token and uses it. Then its parent presents that token and signs with the parent’s key.",
    lesson:
      "The token and the parent’s key are both valid, but they do not belong together: not even the agent that requested the token may use it.",
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
      "A person token and an auth token differ in little besides typ, so typ is read first. The claims must match that kind, and the signature covers the header as well as the claims.",
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
    title: "Use the profile of February 2026",
    headline: "another profile",
    what: "A correct message of the earlier profile, with a valid signature.",
    lesson:
      "The route accepts draft -11 only. A receiver that fell back to another profile would let the sender choose the rules.",
  },
  "agent-token-only": {
    title: "Present only the agent token",
    headline: "it names no person",
    what: "A valid agent token, where the agent requires more.",
    lesson:
      "An agent token identifies the calling agent, but not the person it acts for. The response requires a person token and contains no resource token.",
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
    what: "A sub-agent calls the market-analysis agent successfully. The backend revokes its agent token at the person server, and the sub-agent calls again.",
    lesson:
      "The person server revoked every token derived from the agent token, and answered once the market-analysis agent was notified. The gateway does not know about revocations; the agent does.",
  },
  "guessed-code": {
    title: "Guess an interaction code",
    headline: "no request has this code",
    what: "An intruder’s browser opens the supply-chain agent’s page with a code that no request has.",
    lesson:
      "A code works once and for one request. It takes a browser to the request but authorizes nothing, and a few wrong guesses end the request.",
  },
  "forged-callback": {
    title: "Forge the return from a page",
    headline: "a browser decides nothing",
    what: "The user’s agent requests a token and has to wait. An intruder’s browser returns to the person server as if the person had acted at a page.",
    unchanged: stillWaits,
    lesson:
      "A callback only redirects a browser. Without the person’s session it has no effect, and the agent learns the outcome only from its own signed poll.",
  },
  "pending-of-another": {
    title: "Poll another agent’s request",
    headline: "not the agent that asked",
    what: "The user’s agent requests a token and has to wait. Another agent of the backend polls the pending URL with a valid signature.",
    lesson:
      "Only the requesting agent receives the answer. For any other agent the request does not exist, even if its URL has leaked.",
  },
  "stolen-agent-token": {
    title: "Steal the agent token",
    headline: "wrong key",
    what: "A thief requests a token from the person server with the agent token of the user’s agent, but signs with a different key.",
    lesson: "The agent token is bound to a key, too. On its own it obtains nothing from the person server.",
  },
  "foreign-upstream-token": {
    title: "Use a token received by another party",
    headline: "a token for another party",
    what: "The backend sends its own token as upstream_token, as if it had been called with it.",
    lesson:
      "An upstream token belongs to the party that was called with it, so its aud must be the party that calls the person server. This one is for the supply-chain agent.",
  },
  "upstream-of-another-server": {
    title: "Present another person server’s upstream token",
    headline: "issued by another server",
    what: "The backend poses as a person server, issues a token for its own agent, and sends it as upstream_token.",
    lesson:
      "A person server accepts upstream tokens only for its own users: it has issued them, or they name it in ps. It fetches nothing from other issuers.",
  },
  "guessed-consent-code": {
    title: "Guess a consent code",
    headline: "a code is useless without its person",
    what: "The user’s agent requests a token and has to wait. An intruder’s browser opens the person server’s page with a code that has one wrong symbol.",
    unchanged: stillWaits,
    lesson:
      "A code takes a browser to a request but authorizes nothing: the person still has to sign in. A few wrong codes end the request, and no guess can grant it.",
  },
  "revocation-by-another": {
    title: "Revoke a token of another issuer",
    headline: "a token of another issuer stays valid",
    what: "The backend asks the person server to revoke the run’s token, correctly signed in its own name, although it has not issued that token.",
    unchanged: (status) =>
      `The run’s token still works: it was used again afterwards and accepted with status ${status}.`,
    lesson:
      "A revocation identifies a token by its jti, and only applies to tokens issued by the server that signs it. The jti of another issuer’s token matches nothing, and the answer does not reveal whether that token exists.",
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
    headline: "agents are not served here",
    what: "The user’s agent sends its tokens to the access server itself.",
    lesson:
      "Only person servers call an access server, in their own name (jwks_uri). It cannot know what a person has agreed to, and does not take an agent’s word for it.",
  },
  "forged-person-server": {
    title: "Pose as a person server",
    headline: "an unknown person server",
    what: "The backend sends the access server a person server’s request, signed in its own name.",
    lesson:
      "An access server accepts requests only from configured person servers. It refuses any other before it fetches anything.",
  },
  "foreign-revocation": {
    title: "Revoke a token at the access server",
    headline: "an unknown issuer",
    what: "The backend, which is neither a person server nor a resource there, revokes the token of the run in its own name.",
    lesson:
      "A revocation is accepted only from servers whose tokens are accepted, and only applies to their own tokens.",
  },
};

/** Wording of the outcome of an attack on the bearer twin. */
export interface TwinWording {
  /** Damage with a bearer token. */
  lost: string;
  /** Reason why the bearer token could not prevent it. */
  why: string;
}

const TWIN_WORDINGS: Record<BearerTwinVariant, TwinWording> = {
  "stolen-token": {
    lost: "the thief has the report",
    why: "The service admits any holder of the token: it cannot distinguish the thief from the agent.",
  },
  replay: {
    lost: "ordered twice",
    why: "The second request is as valid as the first: nothing shows that it was sent before.",
  },
  "changed-body": {
    lost: "25.0 became 2500",
    why: "The token is not tied to the body: it works with any body.",
  },
};

/** Parties that send to the bearer twin. */
export const SENDERS: Record<BearerExchange["sender"], string> = {
  agent: "The agent",
  thief: "The thief, with the agent’s token",
  network: "An intruder in transit",
};

/** Undefined for a variant without a twin. */
export const twinWordingOf = (variant: AnyBreakItVariant): TwinWording | undefined =>
  Object.hasOwn(TWIN_WORDINGS, variant) ? TWIN_WORDINGS[variant as BearerTwinVariant] : undefined;

/** Wording of a variant for a run of the given profile. */
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
