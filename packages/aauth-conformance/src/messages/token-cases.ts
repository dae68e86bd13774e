/**
 * Tokens in `Signature-Key` that a recipient must accept or refuse.
 *
 * @module
 */

import { signJwt } from "../judge/jws.ts";
import type { PartyName, World } from "../peers/world.ts";
import type { MessageCase } from "./cases.ts";
import type { Plan, TokenPlan } from "./plan.ts";

type Change = MessageCase["change"];
type Members = Readonly<Record<string, unknown>>;
/** A flaw of a token. Default of `codes`: `invalid_jwt`. */
type Flaw = readonly [
  number: string,
  clause: MessageCase["clause"],
  flaw: string,
  change: Change,
  codes?: readonly string[] | undefined,
  level?: "should" | "may",
];

const tokenCases = (kind: string, flaws: readonly Flaw[]): readonly MessageCase[] =>
  flaws.map(([number, clause, flaw, change, codes = ["invalid_jwt"], level]) => ({
    number,
    clause,
    title: `refuses ${kind} ${flaw}`,
    traits: ["jwt"],
    codes,
    level: level ?? "must",
    change,
  }));

const HOUR = 3600;
const BAD_ALGORITHM = ["invalid_jwt", "unsupported_algorithm"];
const BAD_KEY = ["invalid_jwt", "invalid_key"];
const token = (plan: Plan): TokenPlan => plan.token!;

/** Sets members of the header; undefined removes one. */
const header =
  (members: Members): Change =>
  (plan) => {
    Object.assign(token(plan).header, members);
  };

/** Sets claims; undefined removes one. */
const claims =
  (members: Members | ((claims: Members, world: World) => Members)): Change =>
  (plan, world) => {
    const own = token(plan).claims;
    Object.assign(own, typeof members === "function" ? members(own, world) : members);
  };

const expired = claims((_, { now }) => ({ iat: now() - HOUR, exp: now() - 5 }));
const longLived = claims((_, { now }) => ({ exp: now() + 2 * HOUR }));
const forAnother = claims((_, { parties }) => ({ aud: parties["resource-other"].id }));

const signedByAnother: Change = (plan, { unknownKey }) => {
  token(plan).key = unknownKey;
};

const stolen: Change = (plan, { unknownKey }) => {
  plan.key = unknownKey;
};

/** Replaces the payload of a token that is signed. */
const changedLater: Change = (plan) => {
  const { header, claims, key } = token(plan);
  const signed = signJwt(header, claims, key).split(".");
  const changed = Buffer.from(JSON.stringify({ ...claims, jti: "changed" })).toString("base64url");
  plan.signatureKey = `jwt;jwt="${[signed[0], changed, signed[2]].join(".")}"`;
  plan.token = undefined;
};

/** Uses a token of a played agent provider that is named for its flaw. */
const ofProvider =
  (name: PartyName): Change =>
  (plan, world) => {
    const { ps } = token(plan).claims;
    plan.token = world.agentToken({ provider: world.parties[name], claims: { ps } });
  };

const sub = (change: (sub: string) => string) => claims((own) => ({ sub: change(String(own.sub)) }));

/** Section 11.5: what holds for each kind of token. */
export const COMMON_TOKEN_CASES: readonly MessageCase[] = tokenCases("a token", [
  ["11.5.1-01", "11.5.1/alg", "with alg none", header({ alg: "none" }), BAD_ALGORITHM],
  [
    "11.5.1-02",
    "11.5.1/alg",
    "signed with the public key as a secret",
    header({ alg: "HS256" }),
    BAD_ALGORITHM,
  ],
  ["11.5.1-03", "11.5.1/alg", "whose alg is the polymorphic EdDSA", header({ alg: "EdDSA" }), BAD_ALGORITHM],
  ["11.5.2-01", "11.5.2/typ", "without typ", header({ typ: undefined })],
  ["11.5.2-02", "11.5.1/typ", "whose typ is JWT", header({ typ: "JWT" })],
  ["11.5.1-04", "11.5.1/kid", "without kid", header({ kid: undefined }), ["invalid_jwt", "unknown_key"]],
  [
    "11.5.2-03",
    "11.3.4/unknown",
    "of a kid that its issuer does not have",
    header({ kid: "no-such-key" }),
    ["unknown_key"],
  ],
  ["11.5.2-04", "11.5.2/dwk", "whose dwk is another document", claims({ dwk: "openid-configuration" })],
  ["11.5.2-05", "11.5.2/iss", "whose issuer has a final slash", claims(({ iss }) => ({ iss: `${iss}/` }))],
  [
    "11.5.2-06",
    "11.1.1/https",
    "whose issuer is not https",
    claims(({ iss }) => ({ iss: String(iss).replace("https:", "http:") })),
  ],
  [
    "11.5.2-07",
    "11.1.1/lower",
    "whose issuer is in upper case",
    claims(({ iss }) => ({ iss: String(iss).replace(/\/\/./, (start) => start.toUpperCase()) })),
  ],
  ["11.5.2-08", "11.5.2/key", "that another key has signed", signedByAnother],
  ["11.5.2-09", "11.5.2/key", "whose claims were changed after its signature", changedLater],
  ["11.5.2-10", "11.5.2/exp", "that has expired", expired, ["expired_jwt"]],
  ["11.5.1-05", "11.5.1/exp", "without exp", claims({ exp: undefined })],
  ["11.5.1-06", "11.5.1/iat", "without iat", claims({ iat: undefined })],
  ["11.5.1-07", "11.5.1/jti", "without jti", claims({ jti: undefined })],
  ["11.5.1-08", "11.5.1/cnf", "without cnf", claims({ cnf: undefined }), BAD_KEY],
  [
    "11.5.2-11",
    "11.5.2/iat",
    "whose iat is far ahead",
    claims((_, { now }) => ({ iat: now() + 600, exp: now() + 1200 })),
    ["clock_skew"],
    "may",
  ],
]);

/** Sections 5 and 11.2: agent tokens and their providers. */
export const AGENT_TOKEN_CASES: readonly MessageCase[] = [
  ...tokenCases("an agent token", [
    ["5.3.1-01", "5.3.1/sub", "without sub", claims({ sub: undefined })],
    ["5.2-01", "5.2/local", "whose identifier has no local part", sub((own) => own.replace(/:.*@/, ":@"))],
    [
      "5.2-02",
      "5.2/local",
      "with a local part of 256 characters",
      sub((own) => own.replace(/:.*@/, `:${"a".repeat(256)}@`)),
    ],
    ["5.2-03", "5.2/domain", "whose identifier has a port", sub((own) => `${own}:8443`)],
    [
      "5.3.3-01",
      "5.3.3/ps",
      "whose ps is not https",
      claims(({ ps }) => ({ ps: String(ps).replace("https:", "http:") })),
    ],
    ["5.3.3-02", "5.3.3/ps", "whose ps has a path", claims(({ ps }) => ({ ps: `${ps}/path` }))],
    [
      "5.3.3-03",
      "5.3.3/parent",
      "whose parent_agent is no identifier",
      claims({ parent_agent: "the parent" }),
    ],
    ["5.3.3-04", "5.3.3/cnf", "that was stolen, signed by the thief's key", stolen, ["invalid_signature"]],
    [
      "11.2-01",
      "11.2/missing",
      "of a provider without issuer",
      ofProvider("ap-no-issuer"),
      ["issuer_missing"],
    ],
    [
      "11.2-02",
      "11.2/mismatch",
      "of a provider with another's issuer",
      ofProvider("ap-wrong-issuer"),
      ["issuer_mismatch"],
    ],
  ]),
  {
    number: "11.4-01",
    title: "uses the key that kid names, whatever else the key set has",
    clause: "11.4/select",
    traits: ["jwt"],
    change: ofProvider("ap-odd-keys"),
  },
];

/** Section 7.1.4: a person token at a resource. */
export const PERSON_TOKEN_CASES: readonly MessageCase[] = tokenCases("a person token", [
  ["7.1.4-01", "7.1.4/aud", "for another resource", forAnother],
  ["7.1.4-02", "7.1.4/aud", "without aud", claims({ aud: undefined })],
  ["7.1.4-03", "7.1.4/cnf", "without cnf", claims({ cnf: undefined }), BAD_KEY],
  ["7.1.4-04", "7.1.4/cnf", "that was stolen, signed by the thief's key", stolen, ["invalid_signature"]],
  ["7.1.4-05", "7.1.4/typ", "whose dwk is an access server's", claims({ dwk: "aauth-access.json" })],
  ["7.1.4-06", "11.3.4/expired", "that has expired", expired, ["expired_jwt"]],
  ["7.1.2-01", "11.5.2/hour", "that lives longer than an hour", longLived],
  ["7.1.2-02", "7.1.2/scope", "with a scope", claims({ scope: "data.read" }), undefined, "should"],
  ["7.1.2-03", "7.1.2/scope", "with an account", claims({ account: "acme" }), undefined, "should"],
  ["7.1.4-07", "11.5.2/key", "that its person server has not signed", signedByAnother],
]);

const withoutX = claims(({ cnf }) => ({ cnf: { jwk: { ...(cnf as { jwk: object }).jwk, x: undefined } } }));

/** Section 9.4.3: an auth token at a resource. */
export const AUTH_TOKEN_CASES: readonly MessageCase[] = tokenCases("an auth token", [
  ["9.4.3-01", "9.4.3.2/aud", "for another resource", forAnother],
  ["9.4.3-02", "9.4.3.2/cnf", "without cnf", claims({ cnf: undefined }), BAD_KEY],
  ["9.4.3-03", "9.4.3.2/cnf", "whose key has no x", withoutX, BAD_KEY],
  ["9.4.3-04", "9.4.3.2/match", "that was stolen, signed by the thief's key", stolen, ["invalid_signature"]],
  ["9.4.3-05", "9.4.3.2/sub", "without sub", claims({ sub: undefined })],
  ["9.4.3-06", "9.4.3.1/typ", "whose dwk is an agent provider's", claims({ dwk: "aauth-agent.json" })],
  ["9.4.3-07", "11.3.4/expired", "that has expired", expired, ["expired_jwt"]],
  ["9.4.3-08", "11.5.2/hour", "that lives longer than an hour", longLived],
  ["9.4.3-09", "11.5.2/key", "that its issuer has not signed", signedByAnother],
  [
    "9.4.1-01",
    "9.4.1/ps",
    "of a person server whose ps is another",
    claims((_, { parties }) => ({ ps: parties["ps-other"].id })),
    undefined,
    "should",
  ],
]);
