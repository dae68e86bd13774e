/**
 * Token requests that a person server and an access server must refuse, and the tokens that they
 * issue.
 *
 * @module
 */

import { jwtHolds } from "../judge/jws.ts";
import { type Jwk, thumbprint } from "../judge/keys.ts";
import type { ClauseName } from "../manifest/clauses.ts";
import type { TokenPlan } from "../messages/plan.ts";
import type { World } from "../peers/world.ts";
import type { Check, Role, Row } from "../suite/check.ts";
import { failed, passed } from "../suite/check.ts";
import { rowsOf } from "../suite/rows.ts";
import { problemFinding } from "./resource-tokens.ts";
import {
  having,
  type IssuedToken,
  keysOf,
  planIn,
  type ServerBench,
  type ServerRow,
  send,
  type TokenRequest,
} from "./server-bench.ts";

type Change = (request: TokenRequest, bench: ServerBench) => Promise<unknown> | unknown;

/** A flaw of a valid token request, which is then answered 400 with one of the errors. */
export type RequestCase = readonly [
  number: string,
  clause: ClauseName,
  flaw: string,
  /** None: any error of the client. */
  errors: readonly string[],
  change: Change,
  level?: Row["level"] | undefined,
];

/** @param make a new valid request. @throws TargetError without a token that it needs */
export const refusedRequests = (
  role: Role,
  prefix: string,
  make: (bench: ServerBench) => Promise<TokenRequest>,
  cases: readonly RequestCase[],
  needs: readonly string[] = [],
): readonly Check<ServerBench>[] =>
  cases.map(([number, clause, flaw, errors, change, level]) =>
    rowsOf<ServerBench>(
      role,
      prefix,
      "refuse",
      needs,
      level,
    )(number, clause, `refuses ${flaw}`, async (bench) => {
      having(200, await send(bench, await make(bench)), "its valid twin");
      const request = await make(bench);
      await change(request, bench);
      const answer = await send(bench, request);
      if (errors.length > 0) return problemFinding(answer, 400, ...errors);
      return answer.status >= 400 && answer.status < 500 ? passed : failed(`its status is ${answer.status}`);
    }),
  );

/** Sets claims of a token; undefined removes one. */
export const claims =
  (token: string, members: object | ((world: World) => object)): Change =>
  (request, { world }) =>
    Object.assign(planIn(request, token).claims, typeof members === "function" ? members(world) : members);

/** Gives a token another issuer, who signs it. */
export const issuedBy =
  (token: string, name: "ps-other" | "resource-other", also: Change = () => {}): Change =>
  async (request, bench) => {
    const { id, key } = bench.world.parties[name];
    const plan = planIn(request, token);
    Object.assign(plan, { key, header: { ...plan.header, kid: key.kid } });
    plan.claims.iss = id;
    await also(request, bench);
  };

/** Replaces a token. */
export const replaced =
  (token: string, make: (bench: ServerBench, request: TokenRequest) => unknown): Change =>
  async (request, bench) => {
    request.body[`${token}_token`] = await make(bench, request);
  };

export const missing = (token: string, number: string, clause: ClauseName): RequestCase => [
  number,
  clause,
  `a request without ${token}_token`,
  ["invalid_request"],
  replaced(token, () => undefined),
];

type Flaw = readonly [clause: ClauseName, flaw: string, change: (token: TokenPlan, world: World) => unknown];

const FLAWS: readonly Flaw[] = [
  [
    "11.5.2/key",
    "that another key has signed",
    (token, { unknownKey: key }) => Object.assign(token, { key }),
  ],
  ["11.5.2/typ", "of another typ", ({ header }) => Object.assign(header, { typ: "JWT" })],
  ["11.5.1/alg", "with alg none", ({ header }) => Object.assign(header, { alg: "none" })],
  ["11.5.2/key", "of a kid that is not published", ({ header }) => Object.assign(header, { kid: "x" })],
  ["11.5.2/dwk", "with another dwk", ({ claims }) => Object.assign(claims, { dwk: "jwks.json" })],
  ["11.5.1/exp", "without exp", ({ claims }) => Object.assign(claims, { exp: undefined })],
  ["11.5.1/jti", "without jti", ({ claims }) => Object.assign(claims, { jti: undefined })],
];

const endingIn = (seconds: number) => (world: World) => {
  const exp = world.now() + seconds;
  return { exp, iat: exp - 300 };
};

/** Flaws of a token that the suite signs. Their numbers begin with `first`. */
export function parameterCases(token: string, section: string, first: number): readonly RequestCase[] {
  const name = `${token}_token`;
  const invalid = [`invalid_${name}`];
  const cases: readonly (readonly [ClauseName, string, readonly string[], Change, Row["level"]?])[] = [
    ["11.9.3/pattern", "that is no JWT", invalid, replaced(token, () => "a.b.c")],
    ["11.5.2/exp", "that has expired", [`expired_${name}`], claims(token, endingIn(-5))],
    ["11.5.2/iat", "from far ahead", ["clock_skew"], claims(token, endingIn(900)), "may"],
    ...FLAWS.map(([clause, flaw, change]) => {
      const own: Change = (request, { world }) => change(planIn(request, token), world);
      return [clause, flaw, invalid, own] as const;
    }),
  ];
  return cases.map(([clause, flaw, errors, change, level], index) => {
    const number = String(first + index).padStart(2, "0");
    return [`${section}-${number}`, clause, `a ${name} ${flaw}`, errors, change, level];
  });
}

const OTHER = "https://other.example";
const MISSION = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

type Mismatch = readonly [number: string, clause: ClauseName, flaw: string, members: object];
const MISMATCHES: readonly Mismatch[] = [
  ["41", "6.7.2/aud", "for another server", { aud: OTHER }],
  ["42", "6.7.2/jkt", "for another key", { agent_jkt: MISSION }],
  ["43", "6.7.2/jkt", "without agent_jkt", { agent_jkt: undefined }],
  ["44", "6.7.2/presented", "that names another presented token", { presented_jti: "another" }],
  ["45", "6.7.2/presented", "without presented_jti", { presented_jti: undefined }],
  ["46", "6.7.2/ps", "that names another person server", { ps: OTHER }],
  ["47", "6.7.2/ps", "without ps", { ps: undefined }],
  ["48", "6.7.2/match", "for another person", { sub: "another person" }],
  ["49", "6.7.2/match", "without sub", { sub: undefined }],
  ["50", "6.7.2/match", "with a tenant of its own", { tenant: "acme" }],
  ["51", "6.7.2/match", "with a mission of its own", { mission_s256: MISSION }],
];

const NOT_PRESENTED = ["invalid_presented_token", "invalid_resource_token"];

/** Section 6.7.2: both tokens, and what they have to have in common. */
export const PAIR_CASES: readonly RequestCase[] = [
  missing("resource", "7.2.1-01", "7.2.1/resource"),
  missing("presented", "7.2.1-02", "7.2.1/presented"),
  ...parameterCases("resource", "6.7.2", 1),
  ...MISMATCHES.map(([number, clause, flaw, members]): RequestCase => {
    const flawed = `a resource_token ${flaw}`;
    return [`6.7.2-${number}`, clause, flawed, ["invalid_resource_token"], claims("resource", members)];
  }),
  [
    "6.7.2-52",
    "6.7.2/substitute",
    "a presented_token for another resource than the resource_token's",
    NOT_PRESENTED,
    issuedBy("resource", "resource-other"),
  ],
  [
    "6.7.2-53",
    "6.7.2/invalid",
    "an agent token as presented_token",
    ["invalid_presented_token"],
    replaced("presented", ({ world }) => world.agentToken()),
  ],
  [
    "13.3-01",
    "13.3/validate",
    "a resource_token of 200,000 characters",
    [],
    replaced("resource", () => `a.${"b".repeat(200_000)}.c`),
  ],
];

/** What a row compares: claims of an issued token, and what follows from them. */
export type Facts = Readonly<Record<string, unknown>>;
/** A fact about an issued token. */
export type FactRow = readonly [
  number: string,
  clause: ClauseName,
  title: string,
  fact: string,
  expected: unknown | ((asked: Facts, bench: ServerBench) => unknown),
];

export const jktOf = ({ jwt: { claims } }: IssuedToken): string | undefined =>
  thumbprint((claims.cnf as { jwk?: Jwk } | undefined)?.jwk ?? {});

const HOUR = 3600;
const scopesOf = (scope: unknown) => String(scope ?? "").split(" ");

async function isSigned(bench: ServerBench, { jwt }: IssuedToken): Promise<boolean | string> {
  try {
    return jwtHolds(jwt, await keysOf(bench));
  } catch (error) {
    if (error instanceof TypeError) return error.message;
    throw error;
  }
}

/** @param issue a new token, and what was asked for */
export const factRows = (
  row: ServerRow,
  rows: readonly FactRow[],
  issue: (bench: ServerBench) => Promise<readonly [IssuedToken, Facts]>,
): readonly Check<ServerBench>[] =>
  rows.map(([number, clause, title, fact, expected]) =>
    row(number, clause, title, async (bench) => {
      const [token, asked] = await issue(bench);
      const { header, claims } = token.jwt;
      const facts: Facts = {
        ...claims,
        typ: header.typ,
        "its key": jktOf(token),
        "signed by a published key": await isSigned(bench, token),
        "for an hour at most": Number(claims.exp) - Number(claims.iat) <= HOUR,
        "naming the agent": JSON.stringify(claims).includes("aauth:"),
        "more scope": scopesOf(claims.scope).some((scope) => !scopesOf(asked.scope).includes(scope)),
      };
      return differs(fact, facts[fact], typeof expected === "function" ? expected(asked, bench) : expected);
    }),
  );

export const differs = (name: string, actual: unknown, expected: unknown): string | undefined =>
  actual === expected ? undefined : `${name} is ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`;

/** Rows of an auth token; asked for are the claims of the resource token. */
export const AUTH_TOKEN_FACTS: readonly FactRow[] = [
  ["9.4.1-01", "9.4.1/typ", "issues auth tokens of their typ", "typ", "aa-auth+jwt"],
  ["9.4.1-02", "9.4.1/dwk", "names its document", "dwk", (_: Facts, { document }: ServerBench) => document],
  ["9.4.1-03", "9.4.1/dwk", "names itself as issuer", "iss", (_: Facts, { id }: ServerBench) => id],
  ["9.4.1-04", "9.4.1/cnf", "binds it to the agent's key", "its key", (asked: Facts) => asked.agent_jkt],
  ["9.4.1-05", "9.4.1/aud", "issues it for the resource", "aud", (asked: Facts) => asked.iss],
  ["9.4.1-06", "9.4.1/ps-claim", "names the person server", "ps", (asked: Facts) => asked.ps],
  ["9.4.1-07", "9.4.1/sub", "copies sub of the resource token", "sub", (asked: Facts) => asked.sub],
  ["9.4.1-08", "11.11/copied", "copies account", "account", (asked: Facts) => asked.account],
  ["9.4.1-09", "11.10/broader", "grants no scope that was not requested", "more scope", false],
  ["9.4.1-10", "9.4.1/agent", "names no agent", "naming the agent", false],
  ["9.4.1-11", "9.4.1/life", "issues it for an hour at most", "for an hour at most", true],
  ["9.4.1-12", "11.5.2/key", "signs it", "signed by a published key", true],
];

/** A token that must not outlive one with this `exp`. */
export const capped = (
  row: ServerRow,
  number: string,
  clause: ClauseName,
  what: string,
  issue: (bench: ServerBench, exp: number) => Promise<IssuedToken>,
): Check<ServerBench> =>
  row(number, clause, `issues nothing that outlives ${what}`, async (bench) => {
    const exp = bench.world.now() + 120;
    const { jwt } = await issue(bench, exp);
    return Number(jwt.claims.exp) > exp && `it lives ${Number(jwt.claims.exp) - exp} s longer`;
  });
