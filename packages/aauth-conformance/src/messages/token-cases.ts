/**
 * Tokens in `Signature-Key` that a recipient must accept or refuse.
 *
 * @module
 */

import { signJwt } from "../judge/jws.ts";
import type { PartyName, World } from "../peers/world.ts";
import type { MessageCase } from "./cases.ts";
import type { Plan, TokenPlan } from "./plan.ts";

const token = (plan: Plan): TokenPlan => plan.token!;
const HOUR = 3600;

const refusedClaim = (
  number: string,
  title: string,
  clause: MessageCase["clause"],
  change: (claims: Record<string, unknown>, world: World) => void,
  codes: readonly string[] = ["invalid_jwt"],
): MessageCase => ({
  number,
  title,
  clause,
  traits: ["jwt"],
  codes,
  change: (plan, world) => change(token(plan).claims, world),
});

const refusedHeader = (
  number: string,
  title: string,
  clause: MessageCase["clause"],
  change: (header: Record<string, unknown>) => void,
  codes: readonly string[] = ["invalid_jwt"],
): MessageCase => ({
  number,
  title,
  clause,
  traits: ["jwt"],
  codes,
  change: (plan) => change(token(plan).header),
});

/** Section 11.5: what holds for each kind of token. */
export const COMMON_TOKEN_CASES: readonly MessageCase[] = [
  refusedHeader(
    "11.5.1-01",
    "refuses a token with alg none",
    "11.5.1/alg",
    (header) => {
      header.alg = "none";
    },
    ["invalid_jwt", "unsupported_algorithm"],
  ),
  refusedHeader(
    "11.5.1-02",
    "refuses a token signed with the public key as a secret",
    "11.5.1/alg",
    (header) => {
      header.alg = "HS256";
    },
    ["invalid_jwt", "unsupported_algorithm"],
  ),
  refusedHeader(
    "11.5.1-03",
    "refuses a token whose alg is the polymorphic EdDSA",
    "11.5.1/alg",
    (header) => {
      header.alg = "EdDSA";
    },
    ["invalid_jwt", "unsupported_algorithm"],
  ),
  refusedHeader("11.5.2-01", "refuses a token without typ", "11.5.2/typ", (header) => {
    delete header.typ;
  }),
  refusedHeader("11.5.2-02", "refuses a token whose typ is JWT", "11.5.1/typ", (header) => {
    header.typ = "JWT";
  }),
  refusedHeader(
    "11.5.1-04",
    "refuses a token without kid",
    "11.5.1/kid",
    (header) => {
      delete header.kid;
    },
    ["invalid_jwt", "unknown_key"],
  ),
  refusedHeader(
    "11.5.2-03",
    "refuses a token whose kid is not in the issuer's key set",
    "11.3.4/unknown",
    (header) => {
      header.kid = "no-such-key";
    },
    ["unknown_key"],
  ),
  refusedClaim("11.5.2-04", "refuses a token whose dwk is another document", "11.5.2/dwk", (claims) => {
    claims.dwk = "openid-configuration";
  }),
  refusedClaim("11.5.2-05", "refuses an issuer with a final slash", "11.5.2/iss", (claims) => {
    claims.iss = `${String(claims.iss)}/`;
  }),
  refusedClaim("11.5.2-06", "refuses an issuer that is not https", "11.1.1/https", (claims) => {
    claims.iss = String(claims.iss).replace("https:", "http:");
  }),
  refusedClaim("11.5.2-07", "refuses an issuer in upper case", "11.1.1/lower", (claims) => {
    claims.iss = String(claims.iss).replace(/\/\/./, (start) => start.toUpperCase());
  }),
  {
    number: "11.5.2-08",
    title: "refuses a token that another key has signed",
    clause: "11.5.2/key",
    traits: ["jwt"],
    codes: ["invalid_jwt"],
    change(plan, { unknownKey }) {
      token(plan).key = unknownKey;
    },
  },
  {
    number: "11.5.2-09",
    title: "refuses a token whose claims were changed after its signature",
    clause: "11.5.2/key",
    traits: ["jwt"],
    codes: ["invalid_jwt"],
    change(plan) {
      plan.signatureKey = changedMember(plan);
      plan.token = undefined;
    },
  },
  refusedClaim(
    "11.5.2-10",
    "refuses an expired token",
    "11.5.2/exp",
    (claims, { now }) => {
      claims.iat = now() - HOUR;
      claims.exp = now() - 5;
    },
    ["expired_jwt"],
  ),
  refusedClaim("11.5.1-05", "refuses a token without exp", "11.5.1/exp", (claims) => {
    delete claims.exp;
  }),
  refusedClaim("11.5.1-06", "refuses a token without iat", "11.5.1/iat", (claims) => {
    delete claims.iat;
  }),
  refusedClaim("11.5.1-07", "refuses a token without jti", "11.5.1/jti", (claims) => {
    delete claims.jti;
  }),
  refusedClaim(
    "11.5.1-08",
    "refuses a token without cnf",
    "11.5.1/cnf",
    (claims) => {
      delete claims.cnf;
    },
    ["invalid_jwt", "invalid_key"],
  ),
  {
    ...refusedClaim(
      "11.5.2-11",
      "refuses a token whose iat is far ahead",
      "11.5.2/iat",
      (claims, { now }) => {
        claims.iat = now() + 600;
        claims.exp = now() + 1200;
      },
      ["clock_skew"],
    ),
    level: "may",
  },
];

/** The member of `Signature-Key` with a token whose payload no longer is the signed one. */
function changedMember(plan: Plan): string {
  const { header, claims, key } = token(plan);
  const signed = signJwt(header, claims, key).split(".");
  const changed = Buffer.from(JSON.stringify({ ...claims, jti: "changed" })).toString("base64url");
  return `jwt;jwt="${[signed[0], changed, signed[2]].join(".")}"`;
}

/** Uses a token of a played agent provider that is named for its flaw. */
const ofProvider = (name: PartyName) => (plan: Plan, world: World) => {
  plan.token = world.agentToken({ provider: world.parties[name] });
};

/** Sections 5 and 11.2: agent tokens and their providers. */
export const AGENT_TOKEN_CASES: readonly MessageCase[] = [
  refusedClaim("5.3.1-01", "refuses an agent token without sub", "5.3.1/sub", (claims) => {
    delete claims.sub;
  }),
  refusedClaim("5.2-01", "refuses an agent identifier without a local part", "5.2/local", (claims) => {
    claims.sub = String(claims.sub).replace(/:.*@/, ":@");
  }),
  refusedClaim(
    "5.2-02",
    "refuses an agent identifier with a local part of 256 characters",
    "5.2/local",
    (claims) => {
      claims.sub = String(claims.sub).replace(/:.*@/, `:${"a".repeat(256)}@`);
    },
  ),
  refusedClaim("5.2-03", "refuses an agent identifier whose domain has a port", "5.2/domain", (claims) => {
    claims.sub = `${String(claims.sub)}:8443`;
  }),
  refusedClaim("5.3.3-01", "refuses a ps that is not https", "5.3.3/ps", (claims) => {
    claims.ps = String(claims.ps).replace("https:", "http:");
  }),
  refusedClaim("5.3.3-02", "refuses a ps with a path", "5.3.3/ps", (claims) => {
    claims.ps = `${String(claims.ps)}/path`;
  }),
  refusedClaim("5.3.3-03", "refuses a parent_agent that is no agent identifier", "5.3.3/parent", (claims) => {
    claims.parent_agent = "the parent";
  }),
  {
    number: "5.3.3-04",
    title: "refuses a stolen agent token, signed by the thief's key",
    clause: "5.3.3/cnf",
    traits: ["jwt"],
    codes: ["invalid_signature"],
    change(plan, { unknownKey }) {
      plan.key = unknownKey;
    },
  },
  {
    number: "11.2-01",
    title: "refuses a provider whose metadata has no issuer",
    clause: "11.2/missing",
    traits: ["jwt"],
    codes: ["issuer_missing"],
    change: ofProvider("ap-no-issuer"),
  },
  {
    number: "11.2-02",
    title: "refuses a provider whose metadata has another's issuer",
    clause: "11.2/mismatch",
    traits: ["jwt"],
    codes: ["issuer_mismatch"],
    change: ofProvider("ap-wrong-issuer"),
  },
  {
    number: "11.4-01",
    title: "uses the key that kid names, whatever else the key set has",
    clause: "11.4/select",
    traits: ["jwt"],
    change: ofProvider("ap-odd-keys"),
  },
];

/** Section 7.1.4: a person token at a resource. */
export const PERSON_TOKEN_CASES: readonly MessageCase[] = [
  refusedClaim(
    "7.1.4-01",
    "refuses a person token for another resource",
    "7.1.4/aud",
    (claims, { parties }) => {
      claims.aud = parties["resource-other"].id;
    },
  ),
  refusedClaim("7.1.4-02", "refuses a person token without aud", "7.1.4/aud", (claims) => {
    delete claims.aud;
  }),
  refusedClaim(
    "7.1.4-03",
    "refuses a person token without cnf",
    "7.1.4/cnf",
    (claims) => {
      delete claims.cnf;
    },
    ["invalid_jwt", "invalid_key"],
  ),
  {
    number: "7.1.4-04",
    title: "refuses a stolen person token, signed by the thief's key",
    clause: "7.1.4/cnf",
    traits: ["jwt"],
    codes: ["invalid_signature"],
    change(plan, { unknownKey }) {
      plan.key = unknownKey;
    },
  },
  refusedClaim(
    "7.1.4-05",
    "refuses a person token whose dwk is an access server's",
    "7.1.4/typ",
    (claims) => {
      claims.dwk = "aauth-access.json";
    },
  ),
  refusedClaim(
    "7.1.4-06",
    "refuses an expired person token",
    "11.3.4/expired",
    (claims, { now }) => {
      claims.iat = now() - HOUR;
      claims.exp = now() - 5;
    },
    ["expired_jwt"],
  ),
  refusedClaim(
    "7.1.2-01",
    "refuses a person token that lives longer than an hour",
    "11.5.2/hour",
    (claims, { now }) => {
      claims.exp = now() + 2 * HOUR;
    },
  ),
  {
    ...refusedClaim("7.1.2-02", "refuses a person token with a scope", "7.1.2/scope", (claims) => {
      claims.scope = "data.read";
    }),
    level: "should",
  },
  {
    ...refusedClaim("7.1.2-03", "refuses a person token with an account", "7.1.2/scope", (claims) => {
      claims.account = "acme";
    }),
    level: "should",
  },
  {
    number: "7.1.4-07",
    title: "refuses a person token that another key than the person server's has signed",
    clause: "11.5.2/key",
    traits: ["jwt"],
    codes: ["invalid_jwt"],
    change(plan, { unknownKey }) {
      token(plan).key = unknownKey;
    },
  },
];

/** Section 9.4.3: an auth token at a resource. */
export const AUTH_TOKEN_CASES: readonly MessageCase[] = [
  refusedClaim(
    "9.4.3-01",
    "refuses an auth token for another resource",
    "9.4.3.2/aud",
    (claims, { parties }) => {
      claims.aud = parties["resource-other"].id;
    },
  ),
  refusedClaim(
    "9.4.3-02",
    "refuses an auth token without cnf",
    "9.4.3.2/cnf",
    (claims) => {
      delete claims.cnf;
    },
    ["invalid_jwt", "invalid_key"],
  ),
  refusedClaim(
    "9.4.3-03",
    "refuses an auth token whose key has no x",
    "9.4.3.2/cnf",
    (claims) => {
      delete (claims.cnf as { jwk: { x?: unknown } }).jwk.x;
    },
    ["invalid_jwt", "invalid_key"],
  ),
  {
    number: "9.4.3-04",
    title: "refuses a stolen auth token, signed by the thief's key",
    clause: "9.4.3.2/match",
    traits: ["jwt"],
    codes: ["invalid_signature"],
    change(plan, { unknownKey }) {
      plan.key = unknownKey;
    },
  },
  refusedClaim("9.4.3-05", "refuses an auth token without sub", "9.4.3.2/sub", (claims) => {
    delete claims.sub;
  }),
  refusedClaim(
    "9.4.3-06",
    "refuses an auth token whose dwk is an agent provider's",
    "9.4.3.1/typ",
    (claims) => {
      claims.dwk = "aauth-agent.json";
    },
  ),
  refusedClaim(
    "9.4.3-07",
    "refuses an expired auth token",
    "11.3.4/expired",
    (claims, { now }) => {
      claims.iat = now() - HOUR;
      claims.exp = now() - 5;
    },
    ["expired_jwt"],
  ),
  refusedClaim(
    "9.4.3-08",
    "refuses an auth token that lives longer than an hour",
    "11.5.2/hour",
    (claims, { now }) => {
      claims.exp = now() + 2 * HOUR;
    },
  ),
  {
    number: "9.4.3-09",
    title: "refuses an auth token that another key than the issuer's has signed",
    clause: "11.5.2/key",
    traits: ["jwt"],
    codes: ["invalid_jwt"],
    change(plan, { unknownKey }) {
      token(plan).key = unknownKey;
    },
  },
  {
    ...refusedClaim(
      "9.4.1-01",
      "refuses a person server's auth token whose ps is another",
      "9.4.1/ps",
      (claims, { parties }) => {
        claims.ps = parties["ps-other"].id;
      },
    ),
    level: "should",
  },
];
