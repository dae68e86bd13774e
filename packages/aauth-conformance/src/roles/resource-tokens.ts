/**
 * Resource tokens that a resource issues, at its routes and at its authorization endpoint.
 *
 * @module
 */

import { decodeJwt, type Jwt, jwtHolds, TokenError } from "../judge/jws.ts";
import { type Jwk, thumbprint } from "../judge/keys.ts";
import { compose, type TokenPlan } from "../messages/plan.ts";
import {
  type Check,
  describe,
  type Finding,
  failed,
  inconclusive,
  passed,
  verdictOf,
} from "../suite/check.ts";
import { checkOf, type Spec } from "../suite/rows.ts";
import { type Answer, jsonOf } from "../suite/target.ts";
import { call, challengeProblem, planFor, type ResourceBench, requirementOf } from "./resource-bench.ts";

const NEEDS = ["a route for auth-token"];
const FIVE_MINUTES = 300;

interface Issued {
  readonly jwt: Jwt;
  readonly presented: TokenPlan;
}

type ResourceSpec = Omit<Spec<ResourceBench>, "role">;
const check = (spec: ResourceSpec): Check<ResourceBench> => checkOf({ role: "resource", ...spec });

/** Shows a token to the auth token route and reads the resource token of the challenge. */
async function challenged(bench: ResourceBench, presented: TokenPlan): Promise<Issued | Finding> {
  const answer = await call(bench, "auth-token", presented);
  const problem = challengeProblem(answer, "auth-token");
  if (problem !== undefined) return inconclusive(`there is no challenge for an auth token: ${problem}`);
  return readToken(requirementOf(answer)?.params["resource-token"], presented);
}

function readToken(token: unknown, presented: TokenPlan): Issued | Finding {
  if (typeof token !== "string") return failed("the challenge has no resource-token");
  try {
    return { jwt: decodeJwt(token), presented };
  } catch (error) {
    if (error instanceof TokenError) return failed(`the resource token: ${error.message}`);
    throw error;
  }
}

/** A check of the resource token that answers a person token. */
const claimCheck = (
  id: string,
  title: string,
  clause: ResourceSpec["clause"],
  problemOf: (issued: Issued, bench: ResourceBench) => string | false | undefined,
  more: Partial<ResourceSpec> & { readonly claims?: Record<string, unknown> } = {},
): Check<ResourceBench> => {
  const { claims = {}, ...spec } = more;
  return check({
    id,
    title,
    clause,
    needs: NEEDS,
    polarity: "accept",
    async run(bench) {
      const issued = await challenged(bench, bench.world.personToken(bench.id, { claims }));
      return "verdict" in issued ? issued : verdictOf(problemOf(issued, bench));
    },
    ...spec,
  });
};

/** Problem of a claim that is not the expected one. */
const differs = (name: string, actual: unknown, expected: unknown): string | undefined =>
  actual === expected ? undefined : `${name} is ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`;

async function keysOf({ target, metadata }: ResourceBench): Promise<readonly Jwk[]> {
  const answer = await target.get(String(metadata.jwks_uri));
  const keys = jsonOf(answer)?.keys;
  return Array.isArray(keys) ? (keys as Jwk[]) : [];
}

const numberOf = (value: unknown): number => (typeof value === "number" ? value : Number.NaN);

export const resourceTokenChecks: readonly Check<ResourceBench>[] = [
  check({
    id: "RS-6.5-02",
    title: "answers a person token with requirement=auth-token and a resource token",
    clause: "6.5/auth-token",
    needs: NEEDS,
    polarity: "refuse",
    async run(bench) {
      const answer = await call(bench, "auth-token", bench.world.personToken(bench.id));
      const problem = challengeProblem(answer, "auth-token");
      if (problem !== undefined) return failed(problem);
      const token = requirementOf(answer)?.params["resource-token"];
      return typeof token === "string" ? passed : failed("there is no resource-token");
    },
  }),
  claimCheck("RS-6.7.1-01", "issues resource tokens of typ aa-resource+jwt", "6.7.1/typ", ({ jwt }) =>
    differs("typ", jwt.header.typ, "aa-resource+jwt"),
  ),
  check({
    id: "RS-6.7.1-02",
    title: "signs resource tokens with a key that it publishes",
    clause: "11.5.2/key",
    needs: [...NEEDS, "jwks_uri"],
    polarity: "accept",
    async run(bench) {
      const issued = await challenged(bench, bench.world.personToken(bench.id));
      if ("verdict" in issued) return issued;
      try {
        return jwtHolds(issued.jwt, await keysOf(bench)) ? passed : failed("its signature does not verify");
      } catch (error) {
        if (error instanceof TypeError) return failed(error.message);
        throw error;
      }
    },
  }),
  claimCheck(
    "RS-6.7.1-03",
    "names itself as issuer, with its document",
    "6.7.1/typ",
    ({ jwt }, { id }) =>
      differs("iss", jwt.claims.iss, id) ?? differs("dwk", jwt.claims.dwk, "aauth-resource.json"),
  ),
  claimCheck(
    "RS-6.7-01",
    "addresses the resource token to the server that redeems it",
    "6.7/aud",
    ({ jwt }, { world }) => {
      const servers = [world.parties.ps.id, world.parties.as.id];
      return servers.includes(String(jwt.claims.aud)) ? undefined : `aud is ${String(jwt.claims.aud)}`;
    },
  ),
  claimCheck("RS-6.7.1-04", "copies iss of the person token to ps", "6.7.1/ps", ({ jwt, presented }) =>
    differs("ps", jwt.claims.ps, presented.claims.iss),
  ),
  claimCheck("RS-6.7.1-05", "copies sub of the person token", "6.7.1/sub", ({ jwt, presented }) =>
    differs("sub", jwt.claims.sub, presented.claims.sub),
  ),
  claimCheck("RS-6.7.1-06", "names the person token by its jti", "6.7.1/presented", ({ jwt, presented }) =>
    differs("presented_jti", jwt.claims.presented_jti, presented.claims.jti),
  ),
  claimCheck("RS-6.7.1-07", "names the agent's key by its thumbprint", "6.7.1/jkt", ({ jwt }, { world }) =>
    differs("agent_jkt", jwt.claims.agent_jkt, thumbprint(world.agent.key.publicJwk)),
  ),
  claimCheck(
    "RS-6.7.1-08",
    "issues resource tokens without cnf",
    "6.7.1/cnf",
    ({ jwt }) => jwt.claims.cnf !== undefined && "it has cnf",
  ),
  claimCheck(
    "RS-6.7.1-09",
    "issues resource tokens without an agent identifier",
    "6.7.1/agent",
    ({ jwt }) => JSON.stringify(jwt.claims).includes("aauth:") && "a claim has an agent identifier",
  ),
  claimCheck("RS-6.7.1-10", "issues resource tokens with a scope", "6.7.1/scope", ({ jwt }) =>
    typeof jwt.claims.scope === "string" ? undefined : `scope is ${JSON.stringify(jwt.claims.scope)}`,
  ),
  claimCheck(
    "RS-6.7.1-11",
    "copies mission_s256 of the person token",
    "6.7.1/mission",
    ({ jwt, presented }) => differs("mission_s256", jwt.claims.mission_s256, presented.claims.mission_s256),
    { claims: { mission_s256: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" } },
  ),
  claimCheck(
    "RS-6.7.1-12",
    "copies tenant of the person token",
    "6.7.1/tenant",
    ({ jwt, presented }) => differs("tenant", jwt.claims.tenant, presented.claims.tenant),
    { claims: { tenant: "acme" } },
  ),
  claimCheck(
    "RS-6.7.1-13",
    "issues resource tokens with jti, iat and exp",
    "11.5.1/jti",
    ({ jwt: { claims } }) => {
      if (typeof claims.jti !== "string") return "jti is no string";
      return Number.isInteger(claims.iat) && Number.isInteger(claims.exp)
        ? undefined
        : "iat or exp is no integer";
    },
  ),
  claimCheck(
    "RS-6.7.1-14",
    "issues resource tokens for at most five minutes",
    "6.7.1/life",
    ({ jwt: { claims } }) => {
      const life = numberOf(claims.exp) - numberOf(claims.iat);
      return life <= FIVE_MINUTES ? undefined : `it lives ${life} s`;
    },
    { level: "should" },
  ),
  claimCheck(
    "RS-11.10-01",
    "requests only scopes that it describes",
    "11.10/scopes",
    ({ jwt }, { metadata }) => {
      const described = Object.keys(metadata.scope_descriptions as object);
      const bad = String(jwt.claims.scope ?? "")
        .split(" ")
        .filter((scope) => scope !== "" && !described.includes(scope));
      return bad.length > 0 && `${bad.join(", ")} is not in scope_descriptions`;
    },
    { needs: [...NEEDS, "scope_descriptions"] },
  ),
  check({
    id: "RS-6.5-03",
    title: "asks for a further auth token where the scope is too small",
    clause: "6.5/step-up",
    level: "may",
    needs: NEEDS,
    polarity: "refuse",
    async run(bench) {
      const token = bench.world.authToken(bench.id);
      const issued = await challenged(bench, token);
      if ("verdict" in issued) return failed(issued.reason ?? "");
      return verdictOf(differs("presented_jti", issued.jwt.claims.presented_jti, token.claims.jti));
    },
  }),
];

/** Posts to the authorization endpoint; its path is in the metadata. */
function authorize(bench: ResourceBench, body: object, token: TokenPlan): Promise<Answer> {
  const url = new URL(String(bench.metadata.authorization_endpoint));
  return bench.target.send(compose(planFor(bench, "POST", url.pathname, token, body)));
}

const AUTHORIZE = ["authorization_endpoint"];

const refusedRequest = (
  id: string,
  title: string,
  clause: ResourceSpec["clause"],
  body: object,
  error: string,
): Check<ResourceBench> =>
  check({
    id,
    title,
    clause,
    needs: AUTHORIZE,
    polarity: "refuse",
    async run(bench) {
      const twin = await authorize(bench, { scope: bench.scope }, bench.world.personToken(bench.id));
      if (twin.status >= 300) return inconclusive(`its valid twin was answered ${describe(twin)}`);
      const answer = await authorize(bench, body, bench.world.personToken(bench.id));
      return problemFinding(answer, 400, error);
    },
  });

/** Finding on an answer that must be a problem document with this error. */
export function problemFinding(answer: Answer, status: number, ...errors: readonly string[]): Finding {
  if (answer.status < 300) return failed(`it was accepted: ${answer.status}`);
  if (answer.status !== status) return failed(`it was answered ${describe(answer)}, not ${status}`);
  const error = jsonOf(answer)?.error;
  return errors.includes(String(error))
    ? passed
    : { verdict: "warning", reason: `the error is ${JSON.stringify(error)}, not ${errors.join(" or ")}` };
}

export const authorizationChecks: readonly Check<ResourceBench>[] = [
  check({
    id: "RS-6.6-01",
    title: "issues a resource token at the authorization endpoint, or grants at once",
    clause: "6.6/verify",
    needs: AUTHORIZE,
    polarity: "accept",
    async run(bench) {
      const answer = await authorize(bench, { scope: bench.scope }, bench.world.personToken(bench.id));
      return answer.status === 200 || answer.status === 202
        ? passed
        : failed(`it was answered ${describe(answer)}`);
    },
  }),
  check({
    id: "RS-6.4-04",
    title: "asks for a person token at the authorization endpoint",
    clause: "6.4/authorize",
    needs: AUTHORIZE,
    polarity: "refuse",
    async run(bench) {
      const answer = await authorize(bench, { scope: bench.scope }, bench.world.agentToken());
      return verdictOf(challengeProblem(answer, "person-token"));
    },
  }),
  refusedRequest(
    "RS-6.6.3-01",
    "refuses an authorization request without scope",
    "6.6.3/request",
    {},
    "invalid_request",
  ),
  refusedRequest(
    "RS-6.6.3-02",
    "refuses a scope that it does not know",
    "6.6.3/scope",
    { scope: "no.such.scope" },
    "invalid_scope",
  ),
  check({
    id: "RS-11.9.2-01",
    title: "answers errors as problem documents with a code",
    clause: "11.9.2/format",
    needs: AUTHORIZE,
    polarity: "refuse",
    async run(bench) {
      const answer = await authorize(bench, {}, bench.world.personToken(bench.id));
      if (answer.status < 400) return inconclusive("the request was accepted");
      if (!answer.fields["content-type"]?.startsWith("application/problem+json")) {
        return failed(`Content-Type is ${answer.fields["content-type"]}`);
      }
      return verdictOf(typeof jsonOf(answer)?.error !== "string" && "the body has no error");
    },
  }),
  check({
    id: "RS-11.11-01",
    title: "echoes the account of the request in the resource token",
    clause: "11.11/account",
    level: "may",
    needs: AUTHORIZE,
    polarity: "accept",
    async run(bench) {
      const presented = bench.world.personToken(bench.id);
      const answer = await authorize(bench, { scope: bench.scope, account: "acme" }, presented);
      if (answer.status !== 200) return failed(`it was answered ${describe(answer)}`);
      const issued = readToken(jsonOf(answer)?.resource_token, presented);
      return "verdict" in issued ? issued : verdictOf(differs("account", issued.jwt.claims.account, "acme"));
    },
  }),
  check({
    id: "RS-6.6-02",
    title: "refuses a person token for another resource at the authorization endpoint",
    clause: "6.6/verify",
    needs: AUTHORIZE,
    polarity: "refuse",
    async run(bench) {
      const { world, scope } = bench;
      const twin = await authorize(bench, { scope }, world.personToken(bench.id));
      if (twin.status >= 300) return inconclusive(`its valid twin was answered ${describe(twin)}`);
      const answer = await authorize(bench, { scope }, world.personToken(world.parties["resource-other"].id));
      return answer.status === 401 ? passed : failed(`it was answered ${describe(answer)}`);
    },
  }),
];
