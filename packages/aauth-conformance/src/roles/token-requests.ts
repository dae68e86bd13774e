/**
 * Token requests that a person server and an access server must refuse, and the tokens that they
 * issue.
 *
 * @module
 */

import { type Jwk, thumbprint } from "../judge/keys.ts";
import type { ClauseName } from "../manifest/clauses.ts";
import { compose } from "../messages/plan.ts";
import * as F from "../messages/token-flaws.ts";
import { describe, differs, inconclusive } from "../suite/check.ts";
import { pairOf, type Spec } from "../suite/rows.ts";
import { type Case, caseRows, isServed, problemFinding } from "../suite/subject.ts";
import { unsignedProblem } from "./bench.ts";
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

/** A flaw of a valid token request, and the error of the answer. The title is what is refused. */
export type RequestCase = Case<ServerBench, TokenRequest>;
export type Change = RequestCase[3];

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
  plan: MakeRequest,
  cases: readonly RequestCase[],
  needs: readonly string[] = [],
): readonly Spec<ServerBench>[] =>
  caseRows(
    { plan: (bench) => plan(bench), send, status: 400 },
    cases.map(([number, clause, flaw, ...more]) => [number, clause, `refuses ${flaw}`, ...more]),
    needs,
  );

/** A token of the request with a flaw. */
export const flawed =
  (token: string, flaw: F.Flaw): Change =>
  (request, { world }) =>
    flaw(planIn(request, token), world);

/** Replaces a token. */
export const replaced =
  (token: string, make: (bench: ServerBench, request: TokenRequest) => unknown): Change =>
  async (request, bench) => {
    request.body[`${token}_token`] = await make(bench, request);
  };

export const malformed = (token: string): Change => replaced(token, () => "a.b.c");
export const agentInstead = (token: string): Change => replaced(token, ({ world }) => world.agentToken());
export const missing = (token: string): Change => replaced(token, () => undefined);

/** Flaws of a token that the suite signs. Their numbers begin with `first`. */
export function parameterCases(
  token: keyof typeof INVALID,
  section: string,
  first = 1,
): readonly RequestCase[] {
  const invalid = INVALID[token];
  const own = (flaw: F.Flaw) => flawed(token, flaw);
  const cases: readonly (readonly [ClauseName, string, Change, string?])[] = [
    ["11.9.3/pattern", "that is no JWT", malformed(token)],
    ["11.5.2/exp", "that has expired", own(F.expired), invalid.replace("invalid", "expired")],
    ["11.5.2/iat", "from far ahead", own(F.early), "clock_skew"],
    ["11.5.2/key", "that another key has signed", own(F.forged)],
    ["11.5.2/typ", "of another typ", own(F.header({ typ: "JWT" }))],
    ["11.5.1/alg", "with alg none", own(F.header({ alg: "none" }))],
    ["11.5.2/key", "of a kid that is not published", own(F.header({ kid: "another" }))],
    ["11.5.2/dwk", "with another dwk", own(F.claims({ dwk: "jwks.json" }))],
    ["11.5.1/exp", "without exp", own(F.without("exp"))],
    ["11.5.1/jti", "without jti", own(F.without("jti"))],
  ];
  return cases.map(([clause, flaw, change, error = invalid], index) => {
    const number = `${section}-${String(first + index).padStart(2, "0")}`;
    // The text lets a verifier refuse it.
    const level = error === "clock_skew" ? "may" : "must";
    return [number, clause, `a ${token}_token ${flaw}`, change, error, level];
  });
}

const OTHER = "https://other.example";
const HASH = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

const MISMATCHES: readonly (readonly [
  number: string,
  clause: ClauseName,
  flaw: string,
  members: F.Members,
])[] = [
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
const fromAnother = flawed("resource", F.issuedBy("resource-other"));
const huge = replaced("resource", () => `a.${"b".repeat(200_000)}.c`);
const noPresented = agentInstead("presented");

/** Section 6.7.2: both tokens, and what they have to have in common. */
export const PAIR_CASES: readonly RequestCase[] = [
  ["7.2.1-01", "7.2.1/resource", "a request without resource_token", missing("resource"), INVALID.request],
  ["7.2.1-02", "7.2.1/presented", "a request without presented_token", missing("presented"), INVALID.request],
  ...parameterCases("resource", "6.7.2"),
  ...MISMATCHES.map(([number, clause, flaw, members]): RequestCase => {
    const change = flawed("resource", F.claims(members));
    return [`6.7.2-${number}`, clause, `a resource_token ${flaw}`, change, INVALID.resource];
  }),
  ["6.7.2-52", "6.7.2/substitute", "a presented_token for another resource", fromAnother, UNFIT],
  ["6.7.2-53", "6.7.2/invalid", "an agent token as presented_token", noPresented, INVALID.presented],
  ["13.3-01", "13.3/validate", "a resource_token of 200,000 characters", huge, ""],
];

const otherParent = flawed("subagent", F.claims({ parent_agent: "aauth:other@other.example" }));
const noParent = flawed("subagent", F.without("parent_agent"));
const forParent = flawed(
  "resource",
  F.claims(({ agent: { key } }) => ({ agent_jkt: thumbprint(key.publicJwk) })),
);

/** Section 10.2: a request for a sub-agent. */
export const SUBAGENT_CASES: readonly RequestCase[] = [
  ...parameterCases("subagent", "10.2.3"),
  ["10.2.3-21", "10.2.3/parent", "another agent's subagent_token", otherParent, INVALID.subagent],
  ["10.2.3-22", "10.2.3/parent", "a subagent_token without parent", noParent, INVALID.subagent],
  ["10.2.3-23", "10.2.3/jkt", "a resource_token for the parent's key", forParent, INVALID.resource],
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
  rows: readonly FactRow[],
  issue: (bench: ServerBench) => Promise<readonly [IssuedToken, Facts]>,
): readonly Spec<ServerBench>[] =>
  rows.map(([number, clause, title, fact, expected]) =>
    pairOf<ServerBench>().accepts(number, clause, title, async (bench) => {
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

/** A row of what limits the life of a token: it ends then, and so must the issued token. */
export const capped = (
  number: string,
  clause: ClauseName,
  what: string,
  issue: (bench: ServerBench, exp: number) => Promise<IssuedToken>,
): Spec<ServerBench> => {
  const title = `issues nothing that outlives ${what}`;
  return pairOf<ServerBench>().accepts(number, clause, title, async (bench) => {
    const exp = bench.world.now() + 120;
    const late = Number((await issue(bench, exp)).jwt.claims.exp) - exp;
    return late > 0 && `it lives ${late} s longer`;
  });
};

/** Rows of any request: its body, its errors, and sending it twice. */
export function requestRows(make: MakeRequest): readonly Spec<ServerBench>[] {
  const { refuses } = pairOf<ServerBench>();
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
    pairOf<ServerBench>([], "may").refuses(
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
