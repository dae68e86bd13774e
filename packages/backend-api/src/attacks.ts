/**
 * The attacks on a run: what the page says about each, and the refusal that the backend expects.
 * The backend's `break-it/forgeries.ts` has the functions that make the messages.
 *
 * @module
 */

import type { BearerExchange } from "./bearer-twin.ts";
import { februaryMessage } from "./february-2026/attack.ts";

/** The refusal that an attack should provoke, and what it needs from a run besides a request. */
export interface ExpectedRefusal {
  /** The party that refuses. Unset: the gateway. */
  readonly by?: string;
  /** The check that refuses, as its verifier or its server names it. */
  readonly check: string;
  /** Its section. Unset: that of the dialect's verifier. */
  readonly section?: string;
  /** Expected codes of the verifier's check or of a server. Unset if the status suffices. */
  readonly codes?: readonly string[];
  readonly status?: number;
  /** Status of the honest follow-up request that proves the attack had no effect. */
  readonly unchanged?: number;
  /** Material that the attack needs: a token issued for the run, or a token request of the run. */
  readonly needs?: "token" | "grant";
  /** Another wording for this dialect. */
  readonly what?: string;
  readonly lesson?: string;
}

export interface Attack {
  /** Row of docs/reference/known-holes.md. */
  readonly hole: string;
  readonly title: string;
  /** Description of the change to the request. */
  readonly what: string;
  /** The refusal, or the lack of an effect, in a few words. */
  readonly headline: string;
  /** Explains why the attack does not work. */
  readonly lesson: string;
  /** Evidence that nothing has changed; the status of the follow-up request comes after it. */
  readonly unchanged?: string;
  /** Absent in a dialect without the attack. */
  readonly february?: ExpectedRefusal;
  /** In draft -11, a mode also has the attacks of the modes before it. */
  readonly draft11?: ExpectedRefusal & {
    readonly from: "agent-identity" | "person-identity" | "person-server" | "federated";
  };
  /** The same attack on a service that accepts bearer tokens. */
  readonly bearer?: {
    /** Party that sends the agent's request again. */
    readonly sender: BearerExchange["sender"];
    /** Body of the agent's request, an order; unset: it reads the report. */
    readonly order?: string;
    /** Body of the attack. Unset: the same. */
    readonly changed?: string;
    /** Damage with a bearer token. */
    readonly lost: string;
    /** Reason why the bearer token could not prevent it. */
    readonly why: string;
  };
}

const STILL_WAITS = "The request is still pending: the agent’s next poll was answered with status";

const ORDER = '{"item":"laptop","quantity":25.0}';
const AGENT = "supply-chain-agent";
const MARKET = "market-analysis-agent";
const AUTH = "auth-server";
const PERSON = "person-server";
const ACCESS = "access-server";

/** All attacks, in the order of the checks. */
export const ATTACKS = {
  "changed-body": {
    hole: "P4",
    title: "Change one byte of the body",
    what: "The request is correct. One byte of its body changes in transit.",
    headline: "the body was changed",
    lesson:
      "The signature covers a digest of the body. The gateway’s check does not receive the body, so the agent compares the digest.",
    february: { by: AGENT, check: "content-digest", codes: ["digest_mismatch"] },
    draft11: { by: AGENT, check: "content-digest", from: "agent-identity", codes: ["digest_mismatch"] },
    bearer: {
      sender: "network",
      order: ORDER,
      // One byte, the decimal point, became a zero.
      changed: ORDER.replace(".", "0"),
      lost: "25.0 became 2500",
      why: "The token is not tied to the body: it works with any body.",
    },
  },
  "changed-path": {
    hole: "P2",
    title: "Send it to another path",
    what: "Signed for one path, sent to /admin.",
    headline: "signed for another path",
    lesson: "The path is a covered component, so a signature is valid for one path only.",
    february: { check: "signature", codes: ["invalid_signature"] },
    draft11: { check: "signature", from: "agent-identity", codes: ["invalid_signature"] },
  },
  "other-key": {
    hole: "D2",
    title: "Sign with another key",
    what: "Another key signs in the backend’s name, without a token.",
    headline: "signed with another key",
    lesson:
      "A name proves nothing without its key. The receiver verifies with the key that the backend has published, or that the request contains; this signature was made with a different key.",
    february: { check: "signature", codes: ["invalid_signature"] },
  },
  "uncovered-body": {
    hole: "P3",
    title: "Leave the body out of the signature",
    what: "The signature is valid but covers neither content-digest nor content-type.",
    headline: "the body is not signed",
    lesson:
      "The agents require both in their additional_signature_components: a body that is not covered could be replaced in transit.",
    draft11: { check: "coverage", from: "agent-identity", codes: ["insufficient_coverage"] },
  },
  stale: {
    hole: "J4",
    title: "Sign it ten minutes ago",
    what: "A valid signature that is too old.",
    headline: "signed too long ago",
    lesson: "The created parameter dates the signature. The receiver accepts it for a short time only.",
    february: { check: "created", codes: ["created_out_of_window"] },
    draft11: { check: "created", from: "agent-identity", codes: ["created_out_of_window"] },
  },
  replay: {
    hole: "P10",
    title: "Replay the request",
    what: "The same bytes twice. The first request is accepted.",
    headline: "the request was sent before",
    lesson:
      "A nonce is accepted once per key and target. A request that was held back can be used once, unchanged, within a minute.",
    february: { check: "replay", codes: ["nonce_replayed"] },
    draft11: {
      check: "replay",
      from: "agent-identity",
      codes: ["signature_replayed"],
      lesson:
        "A receiver remembers the signatures of requests that may change something while they are fresh, for a minute, and accepts each once. A copy of a GET, which changes nothing, is accepted within that minute. A request that was held back works once, unchanged.",
    },
    bearer: {
      sender: "network",
      order: ORDER,
      lost: "ordered twice",
      why: "The second request is as valid as the first: nothing shows that it was sent before.",
    },
  },
  "stolen-token": {
    hole: "D3",
    title: "Steal the token and use it",
    what: "A thief presents the token but signs with a different key.",
    headline: "the token belongs to another key",
    lesson:
      "The token is bound to its owner’s key by cnf.jwk, and only a signature with that key is accepted. A bearer token would have worked for the thief.",
    february: { check: "signature", codes: ["invalid_signature"], needs: "token" },
    draft11: {
      check: "signature",
      from: "agent-identity",
      codes: ["invalid_signature"],
      what: "A thief presents a token of the run and signs with a different key.",
      lesson:
        "Every token is bound to a key by cnf.jwk, and only a signature with that key is accepted. A bearer token would have worked for the thief.",
    },
    bearer: {
      sender: "thief",
      lost: "the thief has the report",
      why: "The service admits any holder of the token: it cannot distinguish the thief from the agent.",
    },
  },
  "other-agents-token": {
    hole: "D3",
    title: "Use another agent’s token",
    what: "A sub-agent obtains a token and uses it. Then its parent presents that token and signs with the parent’s key.",
    headline: "the token belongs to another key",
    lesson:
      "The token and the parent’s key are both valid, but they do not belong together: not even the agent that requested the token may use it.",
    draft11: { check: "signature", from: "person-identity", codes: ["invalid_signature"] },
  },
  "expired-token": {
    hole: "G2",
    title: "Present an expired token",
    what: "An agent token that the backend issued correctly, and that expired ten minutes ago.",
    headline: "the token has expired",
    lesson: "The exp claim is compared with the receiver’s own clock, without tolerance.",
    draft11: { check: "token", from: "agent-identity", codes: ["token_expired"] },
  },
  "swapped-typ": {
    hole: "T16",
    title: "Relabel the token",
    what: "The typ in the header of the token names a different kind of token.",
    headline: "it is another kind of token",
    lesson:
      "A person token and an auth token differ in little besides typ, so typ is read first. The claims must match that kind, and the signature covers the header as well as the claims.",
    // If that kind is accepted, the claims are read next.
    draft11: {
      check: "token",
      from: "agent-identity",
      codes: ["token_type_mismatch", "malformed_token", "token_claim_missing", "invalid_token_signature"],
    },
  },
  "widened-scope": {
    hole: "G1",
    title: "Write a wider scope into the token",
    what: "The backend adds supply-chain:admin to its own auth token.",
    headline: "the token was changed",
    lesson: "The auth server signed the claims. Changing one breaks its signature.",
    february: { check: "token", codes: ["invalid_token_signature"], needs: "token" },
    draft11: {
      check: "token",
      from: "person-server",
      needs: "token",
      codes: ["invalid_token_signature"],
      lesson: "The issuer signed the claims. Changing one breaks its signature.",
    },
  },
  "bearer-token": {
    hole: "D1",
    title: "Send the token as a bearer token",
    what: "The token is in the Authorization field, and the request is not signed.",
    headline: "not signed",
    lesson: "A token alone proves nothing. Each request is signed with the key of its token.",
    draft11: { by: AGENT, check: "headers", from: "agent-identity", codes: ["missing_signature"] },
  },
  "february-message": februaryMessage,
  "agent-token-only": {
    hole: "A5",
    title: "Present only the agent token",
    what: "A valid agent token, where the agent requires more.",
    headline: "it names no person",
    lesson:
      "An agent token identifies the calling agent, but not the person it acts for. The response requires a person token and contains no resource token.",
    draft11: {
      by: AGENT,
      check: "requirement",
      section: "draft -11, section 6.1",
      from: "person-identity",
      codes: ["person_required"],
    },
  },
  "other-audience": {
    hole: "G2",
    title: "Use the token elsewhere",
    what: "The auth token for the supply-chain agent is sent to the market-analysis agent.",
    headline: "a token for another agent",
    lesson: "The aud claim names the only resource that may accept the token.",
    february: { check: "token", codes: ["token_audience_mismatch"], needs: "token" },
    draft11: {
      check: "token",
      from: "person-identity",
      needs: "token",
      codes: ["token_audience_mismatch"],
      what: "The token for the supply-chain agent is sent to the market-analysis agent.",
    },
  },
  "revoked-token": {
    hole: "T36",
    title: "Use a revoked token on the second hop",
    what: "A sub-agent calls the market-analysis agent successfully. The backend revokes its agent token at the person server, and the sub-agent calls again.",
    headline: "the token is revoked",
    lesson:
      "The person server revoked every token derived from the agent token, and answered once the market-analysis agent was notified. The gateway does not know about revocations; the agent does.",
    draft11: {
      by: MARKET,
      check: "token",
      section: "draft -11, section 11.12",
      from: "person-identity",
      codes: ["token_revoked"],
    },
  },
  "guessed-code": {
    hole: "S23",
    title: "Guess an interaction code",
    what: "An intruder’s browser opens the supply-chain agent’s page with a code that no request has.",
    headline: "no request has this code",
    lesson:
      "A code works once and for one request. It takes a browser to the request but authorizes nothing, and a few wrong guesses end the request.",
    draft11: {
      by: AGENT,
      from: "agent-identity",
      status: 410,
      check: "interaction code",
      section: "draft -11, section 11.6.3.1",
    },
  },
  "forged-callback": {
    hole: "T37",
    title: "Forge the return from a page",
    what: "The user’s agent requests a token and has to wait. An intruder’s browser returns to the person server as if the person had acted at a page.",
    headline: "a browser decides nothing",
    lesson:
      "A callback only redirects a browser. Without the person’s session it has no effect, and the agent learns the outcome only from its own signed poll.",
    unchanged: STILL_WAITS,
    draft11: {
      by: PERSON,
      from: "person-identity",
      unchanged: 202,
      check: "session of the person",
      section: "draft -11, section 7.3",
    },
  },
  "pending-of-another": {
    hole: "T25",
    title: "Poll another agent’s request",
    what: "The user’s agent requests a token and has to wait. Another agent of the backend polls the pending URL with a valid signature.",
    headline: "not the agent that asked",
    lesson:
      "Only the requesting agent receives the answer. For any other agent the request does not exist, even if its URL has leaked.",
    draft11: {
      by: PERSON,
      from: "person-identity",
      codes: ["not_found"],
      check: "owner of the request",
      section: "draft -11, section 13.2",
    },
  },
  "stolen-agent-token": {
    hole: "T1",
    title: "Steal the agent token",
    what: "A thief requests a token from the person server with the agent token of the user’s agent, but signs with a different key.",
    headline: "the token belongs to another key",
    lesson: "The agent token is bound to a key, too. On its own it obtains nothing from the person server.",
    draft11: {
      by: PERSON,
      from: "person-identity",
      codes: ["invalid_signature"],
      check: "signature",
      section: "draft -11, section 11.3.4 step 7",
    },
  },
  "foreign-upstream-token": {
    hole: "T11",
    title: "Use a token received by another party",
    what: "The backend sends its own token as upstream_token, as if it had been called with it.",
    headline: "a token for another party",
    lesson:
      "An upstream token belongs to the party that was called with it, so its aud must be the party that calls the person server. This one is for the supply-chain agent.",
    draft11: {
      by: PERSON,
      from: "person-identity",
      needs: "token",
      codes: ["invalid_upstream_token"],
      check: "upstream token",
      section: "draft -11, section 9.4.5",
    },
  },
  "upstream-of-another-server": {
    hole: "T12",
    title: "Present another person server’s upstream token",
    what: "The backend poses as a person server, issues a token for its own agent, and sends it as upstream_token.",
    headline: "issued by another server",
    lesson:
      "A person server accepts upstream tokens only for its own users: it has issued them, or they name it in ps. It fetches nothing from other issuers.",
    draft11: {
      by: PERSON,
      from: "person-identity",
      codes: ["invalid_upstream_token"],
      check: "upstream token",
      section: "draft -11, section 9.4.5",
    },
  },
  "guessed-consent-code": {
    hole: "T29",
    title: "Guess a consent code",
    what: "The user’s agent requests a token and has to wait. An intruder’s browser opens the person server’s page with a code that has one wrong symbol.",
    headline: "a code is useless without its person",
    lesson:
      "A code takes a browser to a request but authorizes nothing: the person still has to sign in. A few wrong codes end the request, and no guess can grant it.",
    unchanged: STILL_WAITS,
    draft11: {
      by: PERSON,
      from: "person-identity",
      unchanged: 202,
      check: "session of the person",
      section: "draft -11, section 11.6.3.1",
    },
  },
  "revocation-by-another": {
    hole: "T24",
    title: "Revoke a token of another issuer",
    what: "The backend asks the person server to revoke the run’s token, correctly signed in its own name, although it has not issued that token.",
    headline: "a token of another issuer stays valid",
    lesson:
      "A revocation identifies a token by its jti, and only applies to tokens issued by the server that signs it. The jti of another issuer’s token matches nothing, and the answer does not reveal whether that token exists.",
    unchanged: "The run’s token still works: it was used again afterwards and accepted with status",
    draft11: {
      by: PERSON,
      from: "person-identity",
      unchanged: 200,
      check: "issuer of the token",
      section: "draft -11, section 11.12.1",
    },
  },
  "foreign-resource-token": {
    hole: "T7",
    title: "Redeem another agent’s resource token",
    what: "Another agent of the backend sends the run’s resource token to the person server.",
    headline: "issued to another agent",
    lesson:
      "The resource token names the key of the agent that it was issued for (agent_jkt). Another agent signs with a different key.",
    draft11: {
      by: PERSON,
      from: "person-server",
      needs: "grant",
      codes: ["invalid_resource_token"],
      check: "resource token",
      section: "draft -11, section 6.7.2",
    },
  },
  "unsigned-resource-token": {
    hole: "J1",
    title: "Forge a resource token",
    what: "The auth server receives the claims of a resource token without a valid signature.",
    headline: "not signed by the resource",
    lesson:
      "The auth server accepts a resource token only if the resource that it names signed it. No other party can request access in its name.",
    february: {
      by: AUTH,
      check: "resource token",
      section: "profile 6.2",
      codes: ["invalid_token_signature"],
      needs: "grant",
    },
    draft11: {
      by: PERSON,
      from: "person-server",
      needs: "grant",
      codes: ["invalid_resource_token"],
      check: "resource token",
      section: "draft -11, section 6.7.2",
      what: "The person server receives the claims of a resource token without a valid signature.",
      lesson:
        "The person server accepts a resource token only if the resource that it names signed it. No other party can request access in its name.",
    },
  },
  "agent-at-access-server": {
    hole: "T8",
    title: "Ask the access server directly",
    what: "The user’s agent sends its tokens to the access server itself.",
    headline: "agents are not served here",
    lesson:
      "Only person servers call an access server, in their own name (jwks_uri). It cannot know what a person has agreed to, and does not take an agent’s word for it.",
    draft11: {
      by: ACCESS,
      from: "federated",
      needs: "grant",
      codes: ["unsupported_scheme"],
      check: "scheme",
      section: "draft -11, section 9.1",
    },
  },
  "forged-person-server": {
    hole: "T4",
    title: "Pose as a person server",
    what: "The backend sends the access server a person server’s request, signed in its own name.",
    headline: "an unknown person server",
    lesson:
      "An access server accepts requests only from configured person servers. It refuses any other before it fetches anything.",
    draft11: {
      by: ACCESS,
      from: "federated",
      needs: "grant",
      status: 403,
      check: "key",
      section: "draft -11, section 9.1",
    },
  },
  "foreign-revocation": {
    hole: "T35",
    title: "Revoke a token at the access server",
    what: "The backend, which is neither a person server nor a resource there, revokes the token of the run in its own name.",
    headline: "an unknown issuer",
    lesson:
      "A revocation is accepted only from servers whose tokens are accepted, and only applies to their own tokens.",
    draft11: {
      by: ACCESS,
      from: "federated",
      codes: ["unsupported_iss"],
      check: "key",
      section: "draft -11, section 11.12.3",
    },
  },
} as const satisfies Record<string, Attack>;

type Table = typeof ATTACKS;
type Having<Member extends keyof Attack> = {
  [Name in keyof Table]: Table[Name] extends { [_ in Member]: unknown } ? Name : never;
}[keyof Table];

/** The ways to tamper with a message of a run. Each sends a real request. */
export type AnyBreakItVariant = keyof Table;
export type BreakItVariant = Having<"february">;
/** Which of them a run offers depends on its mode. */
export type Draft11BreakItVariant = Having<"draft11">;

/** Names of the attacks that have a member, in their order. */
export function attacksWith<Member extends keyof Attack>(member: Member): Having<Member>[] {
  return (Object.keys(ATTACKS) as AnyBreakItVariant[]).filter((name): name is Having<Member> =>
    Object.hasOwn(ATTACKS[name], member),
  );
}
