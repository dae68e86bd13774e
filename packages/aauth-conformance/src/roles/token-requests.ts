/**
 * Token requests that a person server and an access server must refuse, and the tokens that they
 * issue.
 *
 * @module
 */

import { type Jwk, thumbprint } from "../judge/keys.ts";
import type { ClauseName } from "../manifest/clauses.ts";
import { compose } from "../messages/plan.ts";
import type { World } from "../peers/world.ts";
import {
  type Check,
  describe,
  differs,
  failed,
  inconclusive,
  passed,
  type Role,
  type Row,
} from "../suite/check.ts";
import { pairOf } from "../suite/rows.ts";
import { isServed } from "../suite/subject.ts";
import { unsignedProblem } from "./documents.ts";
import { problemFinding } from "./resource-tokens.ts";
import {
  begin,
  having,
  type IssuedToken,
  planIn,
  requestPlan,
  type ServerBench,
  send,
  type TokenRequest,
} from "./server-bench.ts";

export type Change = (request: TokenRequest, bench: ServerBench) => Promise<unknown> | unknown;

/** A flaw of a valid token request, and the error of the answer. */
export type RequestCase = readonly [
  number: string,
  clause: ClauseName,
  flaw: string,
  /** Several are separated by spaces; none: any refusal. */
  error: string,
  change: Change,
  level?: Row["level"] | undefined,
];

export const INVALID = {
  request: "invalid_request",
  resource: "invalid_resource_token",
  presented: "invalid_presented_token",
  upstream: "invalid_upstream_token",
  subagent: "invalid_subagent_token",
} as const;

/** A new valid request. @throws TargetError without a token that it needs */
export type MakeRequest = (bench: ServerBench) => Promise<TokenRequest> | TokenRequest;

export const refusedRequests = (
  role: Role,
  prefix: string,
  make: MakeRequest,
  cases: readonly RequestCase[],
  needs: readonly string[] = [],
): readonly Check<ServerBench>[] =>
  cases.map(([number, clause, flaw, error, change, level]) => {
    const { refuses } = pairOf<ServerBench>(role, prefix, needs, level);
    return refuses(number, clause, `refuses ${flaw}`, async (bench) => {
      having(200, await send(bench, await make(bench)), "its valid twin");
      const request = await make(bench);
      await change(request, bench);
      const answer = await send(bench, request);
      if (error !== "") return problemFinding(answer, 400, ...error.split(" "));
      return answer.status >= 400 && answer.status < 500 ? passed : failed(`its status is ${answer.status}`);
    });
  });

/** Claims, or what makes them. */
export type Members = object | ((world: World) => object);
export const membersOf = (members: Members, world: World): object =>
  typeof members === "function" ? members(world) : members;

/** Sets claims of a token; undefined removes one. */
export const claims =
  (token: string, members: Members): Change =>
  (request, { world }) =>
    Object.assign(planIn(request, token).claims, membersOf(members, world));

/** Gives a token another issuer, who signs it. */
export const issuedBy =
  (token: string, name: "ps-other" | "resource-other"): Change =>
  (request, { world: { parties } }) => {
    const plan = planIn(request, token);
    const { id: iss, key } = parties[name];
    Object.assign(plan, { key, header: { ...plan.header, kid: key.kid }, claims: { ...plan.claims, iss } });
  };

/** Replaces a token. */
export const replaced =
  (token: string, make: (bench: ServerBench, request: TokenRequest) => unknown): Change =>
  async (request, bench) => {
    request.body[`${token}_token`] = await make(bench, request);
  };

export const malformed = (token: string): Change => replaced(token, () => "a.b.c");
export const agentInstead = (token: string): Change => replaced(token, ({ world }) => world.agentToken());
export const missing = (token: string): Change => replaced(token, () => undefined);
export const forged =
  (token: string): Change =>
  (request, { world: { unknownKey: key } }) =>
    Object.assign(planIn(request, token), { key });
const header =
  (token: string, members: object): Change =>
  (request) =>
    Object.assign(planIn(request, token).header, members);

export const endingIn =
  (seconds: number) =>
  ({ now }: World) => ({ iat: now() + seconds - 300, exp: now() + seconds });

/** Flaws of a token that the suite signs. Their numbers begin with `first`. */
export function parameterCases(
  token: keyof typeof INVALID,
  section: string,
  first = 1,
): readonly RequestCase[] {
  const invalid = INVALID[token];
  const late = claims(token, endingIn(-5));
  const cases: readonly (readonly [ClauseName, string, Change, string?])[] = [
    ["11.9.3/pattern", "that is no JWT", malformed(token)],
    ["11.5.2/exp", "that has expired", late, invalid.replace("invalid", "expired")],
    ["11.5.2/iat", "from far ahead", claims(token, endingIn(900)), "clock_skew"],
    ["11.5.2/key", "that another key has signed", forged(token)],
    ["11.5.2/typ", "of another typ", header(token, { typ: "JWT" })],
    ["11.5.1/alg", "with alg none", header(token, { alg: "none" })],
    ["11.5.2/key", "of a kid that is not published", header(token, { kid: "another" })],
    ["11.5.2/dwk", "with another dwk", claims(token, { dwk: "jwks.json" })],
    ["11.5.1/exp", "without exp", claims(token, { exp: undefined })],
    ["11.5.1/jti", "without jti", claims(token, { jti: undefined })],
  ];
  return cases.map(([clause, flaw, change, error = invalid], index) => {
    const number = `${section}-${String(first + index).padStart(2, "0")}`;
    // The text lets a verifier refuse it.
    const level = error === "clock_skew" ? "may" : "must";
    return [number, clause, `a ${token}_token ${flaw}`, error, change, level];
  });
}

const OTHER = "https://other.example";
const HASH = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

const MISMATCHES: readonly (readonly [number: string, clause: ClauseName, flaw: string, members: object])[] =
  [
    ["41", "6.7.2/aud", "for another server", { aud: OTHER }],
    ["42", "6.7.2/jkt", "for another key", { agent_jkt: HASH }],
    ["43", "6.7.2/jkt", "without agent_jkt", { agent_jkt: undefined }],
    ["44", "6.7.2/presented", "that names another presented token", { presented_jti: "another" }],
    ["45", "6.7.2/presented", "without presented_jti", { presented_jti: undefined }],
    ["46", "6.7.2/ps", "that names another person server", { ps: OTHER }],
    ["47", "6.7.2/ps", "without ps", { ps: undefined }],
    ["48", "6.7.2/match", "for another person", { sub: "another person" }],
    ["49", "6.7.2/match", "without sub", { sub: undefined }],
    ["50", "6.7.2/match", "with a tenant of its own", { tenant: "acme" }],
    ["51", "6.7.2/match", "with a mission of its own", { mission_s256: HASH }],
  ];

/** A presented token that does not fit the resource token: either is to blame. */
export const UNFIT = `${INVALID.presented} ${INVALID.resource}`;
const fromAnother = issuedBy("resource", "resource-other");
const huge = replaced("resource", () => `a.${"b".repeat(200_000)}.c`);

/** Section 6.7.2: both tokens, and what they have to have in common. */
export const PAIR_CASES: readonly RequestCase[] = [
  ["7.2.1-01", "7.2.1/resource", "a request without resource_token", INVALID.request, missing("resource")],
  ["7.2.1-02", "7.2.1/presented", "a request without presented_token", INVALID.request, missing("presented")],
  ...parameterCases("resource", "6.7.2"),
  ...MISMATCHES.map(([number, clause, flaw, members]): RequestCase => {
    return [
      `6.7.2-${number}`,
      clause,
      `a resource_token ${flaw}`,
      INVALID.resource,
      claims("resource", members),
    ];
  }),
  ["6.7.2-52", "6.7.2/substitute", "a presented_token for another resource", UNFIT, fromAnother],
  [
    "6.7.2-53",
    "6.7.2/invalid",
    "an agent token as presented_token",
    INVALID.presented,
    agentInstead("presented"),
  ],
  ["13.3-01", "13.3/validate", "a resource_token of 200,000 characters", "", huge],
];

const otherParent = claims("subagent", { parent_agent: "aauth:other@other.example" });
const noParent = claims("subagent", { parent_agent: undefined });
const forParent = claims("resource", ({ agent: { key } }) => ({ agent_jkt: thumbprint(key.publicJwk) }));

/** Section 10.2: a request for a sub-agent. */
export const SUBAGENT_CASES: readonly RequestCase[] = [
  ...parameterCases("subagent", "10.2.3"),
  ["10.2.3-21", "10.2.3/parent", "another agent's subagent_token", INVALID.subagent, otherParent],
  ["10.2.3-22", "10.2.3/parent", "a subagent_token without parent", INVALID.subagent, noParent],
  ["10.2.3-23", "10.2.3/jkt", "a resource_token for the parent's key", INVALID.resource, forParent],
];

/** Values that a row compares: claims of an issued token, and what follows from them. */
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

/** @param issue a new token, and what was asked for */
export const factRows = (
  role: Role,
  prefix: string,
  rows: readonly FactRow[],
  issue: (bench: ServerBench) => Promise<readonly [IssuedToken, Facts]>,
): readonly Check<ServerBench>[] =>
  rows.map(([number, clause, title, fact, expected]) =>
    pairOf<ServerBench>(role, prefix).accepts(number, clause, title, async (bench) => {
      const [token, asked] = await issue(bench);
      const { header, claims } = token.jwt;
      const facts: Facts = {
        ...claims,
        typ: header.typ,
        "its key": jktOf(token),
        "the problem of its signature": await unsignedProblem(bench, token.jwt),
        "for an hour at most": Number(claims.exp) - Number(claims.iat) <= HOUR,
        "naming the agent": JSON.stringify(claims).includes("aauth:"),
        "more scope": scopesOf(claims.scope).some((scope) => !scopesOf(asked.scope).includes(scope)),
      };
      return differs(fact, facts[fact], typeof expected === "function" ? expected(asked, bench) : expected);
    }),
  );

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
  ["9.4.1-12", "11.5.2/key", "signs it", "the problem of its signature", false],
];

/** Makes rows of what limits the life of a token: it ends then, and so must the issued token. */
export const capped =
  (role: Role, prefix: string) =>
  (
    number: string,
    clause: ClauseName,
    what: string,
    issue: (bench: ServerBench, exp: number) => Promise<IssuedToken>,
  ): Check<ServerBench> =>
    pairOf<ServerBench>(role, prefix).accepts(
      number,
      clause,
      `issues nothing that outlives ${what}`,
      async (bench) => {
        const exp = bench.world.now() + 120;
        const late = Number((await issue(bench, exp)).jwt.claims.exp) - exp;
        return late > 0 && `it lives ${late} s longer`;
      },
    );

/** Rows of any request: its body, its errors, and sending it twice. */
export function requestRows(role: Role, prefix: string, make: MakeRequest): readonly Check<ServerBench>[] {
  const { refuses } = pairOf<ServerBench>(role, prefix);
  return [
    refuses("11.9.3-01", "11.9.3/request", "refuses a body that is not JSON", async (bench) => {
      having(200, await send(bench, await make(bench)), "its valid twin");
      const plan = { ...requestPlan(bench, await make(bench)), body: "{" };
      return problemFinding(await bench.target.send(compose(plan)), 400, INVALID.request);
    }),
    refuses("11.9.2-01", "11.9.2/format", "answers errors as problem documents", async (bench) => {
      const { fields } = having(400, await begin(bench, { ...(await make(bench)), body: {} }));
      return differs("Content-Type", fields["content-type"]?.split(";", 1)[0], "application/problem+json");
    }),
    pairOf<ServerBench>(role, prefix, [], "may").refuses(
      "11.3.4.2-03",
      "11.3.4.2/replay",
      "refuses a request that is sent a second time",
      async (bench) => {
        const wire = compose(requestPlan(bench, await make(bench)));
        const first = await bench.target.send(wire);
        if (!isServed(first)) return inconclusive(`it was answered ${describe(first)}`);
        return isServed(await bench.target.send(wire)) && "it was served twice";
      },
    ),
  ];
}
