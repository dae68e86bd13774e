/**
 * Tokens in `Signature-Key` that a recipient must accept or refuse.
 *
 * @module
 */

import { signJwt } from "../judge/jws.ts";
import type { PartyName } from "../peers/world.ts";
import type { Change, MessageCase } from "./cases.ts";
import type { Plan } from "./plan.ts";
import * as F from "./token-flaws.ts";

/** A flaw of a token. Default of `codes`: `invalid_jwt`. */
type TokenCase = readonly [
  number: string,
  clause: MessageCase[1],
  flaw: string,
  change: F.Flaw | { readonly message: Change },
  codes?: string | undefined,
  level?: "should" | "may",
];

const tokenCases = (kind: string, cases: readonly TokenCase[]): readonly MessageCase[] =>
  cases.map(([number, clause, flaw, change, codes = "invalid_jwt", level]) => {
    const own: Change =
      typeof change === "function" ? (plan, { world }) => change(plan.token!, world) : change.message;
    return [number, clause, `refuses ${kind} ${flaw}`, own, codes, level];
  });

const BAD_ALGORITHM = "invalid_jwt unsupported_algorithm";
const BAD_KEY = "invalid_jwt invalid_key";
const SIGNATURE = "invalid_signature";

const stolen = {
  message: (plan: Plan, { world }: Parameters<Change>[1]) => Object.assign(plan, { key: world.unknownKey }),
};
const STOLEN = "that was stolen, signed by the thief's key";

/** Replaces the payload of a token that is signed. */
const changedLater = {
  message(plan: Plan) {
    const { header, claims, key } = plan.token!;
    const signed = signJwt(header, claims, key).split(".");
    const changed = Buffer.from(JSON.stringify({ ...claims, jti: "changed" })).toString("base64url");
    plan.signatureKey = `jwt;jwt="${[signed[0], changed, signed[2]].join(".")}"`;
    plan.token = undefined;
  },
};

/** A token of a played agent provider that is named for its flaw. */
const ofProvider =
  (name: PartyName): F.Flaw =>
  (token, { agentToken, parties }) => {
    const { ps } = token.claims;
    return Object.assign(token, agentToken({ provider: parties[name], claims: { ps } }));
  };

/** Changes the text of a claim. */
const edited = (name: string, change: (text: string) => string) =>
  F.claims((_, own) => ({ [name]: change(String(own[name])) }));
const insecure = (text: string) => text.replace("https:", "http:");
const upperCase = (text: string) => text.replace(/\/\/./, (start) => start.toUpperCase());
const local = (part: string) => edited("sub", (own) => own.replace(/:.*@/, `:${part}@`));
const ahead = F.claims(({ now }) => ({ iat: now() + 600, exp: now() + 1200 }));
const noX = F.claims((_, { cnf }) => ({ cnf: { jwk: { ...(cnf as { jwk: object }).jwk, x: undefined } } }));

/** Section 11.5: what holds for each kind of token. */
export const COMMON_TOKEN_CASES: readonly MessageCase[] = tokenCases("a token", [
  ["11.5.1-01", "11.5.1/alg", "with alg none", F.header({ alg: "none" }), BAD_ALGORITHM],
  [
    "11.5.1-02",
    "11.5.1/alg",
    "signed with the public key as a secret",
    F.header({ alg: "HS256" }),
    BAD_ALGORITHM,
  ],
  [
    "11.5.1-03",
    "11.5.1/alg",
    "whose alg is the polymorphic EdDSA",
    F.header({ alg: "EdDSA" }),
    BAD_ALGORITHM,
  ],
  ["11.5.2-01", "11.5.2/typ", "without typ", F.header({ typ: undefined })],
  ["11.5.2-02", "11.5.1/typ", "whose typ is JWT", F.header({ typ: "JWT" })],
  ["11.5.1-04", "11.5.1/kid", "without kid", F.header({ kid: undefined }), "invalid_jwt unknown_key"],
  [
    "11.5.2-03",
    "11.3.4/unknown",
    "of a kid that its issuer does not have",
    F.header({ kid: "no-such-key" }),
    "unknown_key",
  ],
  ["11.5.2-04", "11.5.2/dwk", "whose dwk is another document", F.claims({ dwk: "openid-configuration" })],
  ["11.5.2-05", "11.5.2/iss", "whose issuer has a final slash", edited("iss", (iss) => `${iss}/`)],
  ["11.5.2-06", "11.1.1/https", "whose issuer is not https", edited("iss", insecure)],
  ["11.5.2-07", "11.1.1/lower", "whose issuer is in upper case", edited("iss", upperCase)],
  ["11.5.2-08", "11.5.2/key", "that another key has signed", F.forged],
  ["11.5.2-09", "11.5.2/key", "whose claims were changed after its signature", changedLater],
  ["11.5.2-10", "11.5.2/exp", "that has expired", F.expired, "expired_jwt"],
  ["11.5.1-05", "11.5.1/exp", "without exp", F.without("exp")],
  ["11.5.1-06", "11.5.1/iat", "without iat", F.without("iat")],
  ["11.5.1-07", "11.5.1/jti", "without jti", F.without("jti")],
  ["11.5.1-08", "11.5.1/cnf", "without cnf", F.without("cnf"), BAD_KEY],
  ["11.5.2-11", "11.5.2/iat", "whose iat is far ahead", ahead, "clock_skew", "may"],
]);

/** Sections 5 and 11.2: agent tokens and their providers. */
export const AGENT_TOKEN_CASES: readonly MessageCase[] = [
  ...tokenCases("an agent token", [
    ["5.3.1-01", "5.3.1/sub", "without sub", F.without("sub")],
    ["5.2-01", "5.2/local", "whose identifier has no local part", local("")],
    ["5.2-02", "5.2/local", "with a local part of 256 characters", local("a".repeat(256))],
    ["5.2-03", "5.2/domain", "whose identifier has a port", edited("sub", (own) => `${own}:8443`)],
    ["5.3.3-01", "5.3.3/ps", "whose ps is not https", edited("ps", insecure)],
    ["5.3.3-02", "5.3.3/ps", "whose ps has a path", edited("ps", (ps) => `${ps}/path`)],
    [
      "5.3.3-03",
      "5.3.3/parent",
      "whose parent_agent is no identifier",
      F.claims({ parent_agent: "the parent" }),
    ],
    ["5.3.3-04", "5.3.3/cnf", STOLEN, stolen, SIGNATURE],
    ["11.2-01", "11.2/missing", "of a provider without issuer", ofProvider("ap-no-issuer"), "issuer_missing"],
    [
      "11.2-02",
      "11.2/mismatch",
      "of a provider with another's issuer",
      ofProvider("ap-wrong-issuer"),
      "issuer_mismatch",
    ],
  ]),
  [
    "11.4-01",
    "11.4/select",
    "uses the key that kid names, whatever else the key set has",
    (plan, { world }) => ofProvider("ap-odd-keys")(plan.token!, world),
  ],
];

/** Section 7.1.4: a person token at a resource. */
export const PERSON_TOKEN_CASES: readonly MessageCase[] = tokenCases("a person token", [
  ["7.1.4-01", "7.1.4/aud", "for another resource", F.forAnother],
  ["7.1.4-02", "7.1.4/aud", "without aud", F.without("aud")],
  ["7.1.4-03", "7.1.4/cnf", "without cnf", F.without("cnf"), BAD_KEY],
  ["7.1.4-04", "7.1.4/cnf", STOLEN, stolen, SIGNATURE],
  ["7.1.4-05", "7.1.4/typ", "whose dwk is an access server's", F.claims({ dwk: "aauth-access.json" })],
  ["7.1.4-06", "11.3.4/expired", "that has expired", F.expired, "expired_jwt"],
  ["7.1.2-01", "11.5.2/hour", "that lives longer than an hour", F.longLived],
  ["7.1.2-02", "7.1.2/scope", "with a scope", F.claims({ scope: "data.read" }), undefined, "should"],
  ["7.1.2-03", "7.1.2/scope", "with an account", F.claims({ account: "acme" }), undefined, "should"],
  ["7.1.4-07", "11.5.2/key", "that its person server has not signed", F.forged],
]);

/** Section 9.4.3: an auth token at a resource. */
export const AUTH_TOKEN_CASES: readonly MessageCase[] = tokenCases("an auth token", [
  ["9.4.3-01", "9.4.3.2/aud", "for another resource", F.forAnother],
  ["9.4.3-02", "9.4.3.2/cnf", "without cnf", F.without("cnf"), BAD_KEY],
  ["9.4.3-03", "9.4.3.2/cnf", "whose key has no x", noX, BAD_KEY],
  ["9.4.3-04", "9.4.3.2/match", STOLEN, stolen, SIGNATURE],
  ["9.4.3-05", "9.4.3.2/sub", "without sub", F.without("sub")],
  ["9.4.3-06", "9.4.3.1/typ", "whose dwk is an agent provider's", F.claims({ dwk: "aauth-agent.json" })],
  ["9.4.3-07", "11.3.4/expired", "that has expired", F.expired, "expired_jwt"],
  ["9.4.3-08", "11.5.2/hour", "that lives longer than an hour", F.longLived],
  ["9.4.3-09", "11.5.2/key", "that its issuer has not signed", F.forged],
  ["9.4.1-01", "9.4.1/ps", "of a person server whose ps is another", F.anotherServer, undefined, "should"],
]);
