/**
 * Resource tokens that a resource issues, at its routes and at its authorization endpoint.
 *
 * @module
 */

import { decodeJwt, type Jwt, TokenError } from "../judge/jws.ts";
import { thumbprint } from "../judge/keys.ts";
import { compose, type TokenPlan } from "../messages/plan.ts";
import {
  type Check,
  describe,
  differs,
  type Finding,
  failed,
  inconclusive,
  passed,
  refusalProblem,
  warning,
} from "../suite/check.ts";
import { type Outcome, pairOf } from "../suite/rows.ts";
import { type Answer, jsonOf } from "../suite/target.ts";
import { unsignedProblem } from "./documents.ts";
import {
  call,
  challengeProblem,
  pathOf,
  planFor,
  type ResourceBench,
  requirementOf,
} from "./resource-bench.ts";

const NEEDS = ["a route for auth-token"];
const FIVE_MINUTES = 300;

interface Issued {
  readonly jwt: Jwt;
  readonly presented: TokenPlan;
}

type Rows = ReturnType<typeof pairOf<ResourceBench>>;
type Clause = Parameters<Rows["accepts"]>[1];

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

const auth = pairOf<ResourceBench>("resource", "RS", NEEDS);
const authShould = pairOf<ResourceBench>("resource", "RS", NEEDS, "should");
const authMay = pairOf<ResourceBench>("resource", "RS", NEEDS, "may");

/** A check of the resource token that answers a person token with these claims. */
const claimCheck = (
  number: string,
  clause: Clause,
  title: string,
  judge: (issued: Issued, bench: ResourceBench) => Promise<Outcome> | Outcome,
  { accepts }: Rows = auth,
  claims: Record<string, unknown> = {},
): Check<ResourceBench> =>
  accepts(number, clause, title, async (bench) => {
    const issued = await challenged(bench, bench.world.personToken(bench.id, { claims }));
    return "verdict" in issued ? issued : judge(issued, bench);
  });

const numberOf = (value: unknown): number => (typeof value === "number" ? value : Number.NaN);

/** A claim that is copied from the token that was shown. */
const copied = (
  number: string,
  clause: Clause,
  claim: string,
  from = claim,
  claims: Record<string, unknown> = {},
): Check<ResourceBench> =>
  claimCheck(
    number,
    clause,
    `copies ${from} of the person token to ${claim}`,
    ({ jwt, presented }) => differs(claim, jwt.claims[claim], presented.claims[from]),
    auth,
    claims,
  );

const MISSION = { mission_s256: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" };

export const resourceTokenChecks: readonly Check<ResourceBench>[] = [
  auth.refuses("6.5-02", "6.5/auth-token", "answers a person token with a resource token", async (bench) => {
    const answer = await call(bench, "auth-token", bench.world.personToken(bench.id));
    const token = requirementOf(answer)?.params["resource-token"];
    const problem = challengeProblem(answer, "auth-token");
    return problem ?? (typeof token !== "string" && "there is no resource-token");
  }),
  claimCheck("6.7.1-01", "6.7.1/typ", "issues resource tokens of typ aa-resource+jwt", ({ jwt }) =>
    differs("typ", jwt.header.typ, "aa-resource+jwt"),
  ),
  claimCheck(
    "6.7.1-02",
    "11.5.2/key",
    "signs resource tokens with a key that it publishes",
    ({ jwt }, bench) => unsignedProblem(bench, jwt),
    pairOf<ResourceBench>("resource", "RS", [...NEEDS, "jwks_uri"]),
  ),
  claimCheck("6.7.1-03", "6.7.1/typ", "names itself as issuer, with its document", ({ jwt }, { id }) => {
    return differs("iss", jwt.claims.iss, id) ?? differs("dwk", jwt.claims.dwk, "aauth-resource.json");
  }),
  claimCheck("6.7-01", "6.7/aud", "names the server that redeems the token", ({ jwt }, { world }) => {
    const servers = [world.parties.ps.id, world.parties.as.id];
    return !servers.includes(String(jwt.claims.aud)) && `aud is ${String(jwt.claims.aud)}`;
  }),
  copied("6.7.1-04", "6.7.1/ps", "ps", "iss"),
  copied("6.7.1-05", "6.7.1/sub", "sub"),
  copied("6.7.1-06", "6.7.1/presented", "presented_jti", "jti"),
  copied("6.7.1-11", "6.7.1/mission", "mission_s256", "mission_s256", MISSION),
  copied("6.7.1-12", "6.7.1/tenant", "tenant", "tenant", { tenant: "acme" }),
  claimCheck("6.7.1-07", "6.7.1/jkt", "names the agent's key by its thumbprint", ({ jwt }, { world }) =>
    differs("agent_jkt", jwt.claims.agent_jkt, thumbprint(world.agent.key.publicJwk)),
  ),
  claimCheck("6.7.1-08", "6.7.1/cnf", "issues resource tokens without cnf", ({ jwt }) => {
    return jwt.claims.cnf !== undefined && "it has cnf";
  }),
  claimCheck("6.7.1-09", "6.7.1/agent", "issues resource tokens that name no agent", ({ jwt }) => {
    return JSON.stringify(jwt.claims).includes("aauth:") && "a claim has an agent identifier";
  }),
  claimCheck("6.7.1-10", "6.7.1/scope", "issues resource tokens with a scope", ({ jwt: { claims } }) => {
    return typeof claims.scope !== "string" && `scope is ${JSON.stringify(claims.scope)}`;
  }),
  claimCheck(
    "6.7.1-13",
    "11.5.1/jti",
    "issues resource tokens with jti, iat and exp",
    ({ jwt: { claims } }) => {
      if (typeof claims.jti !== "string") return "jti is no string";
      const areIntegers = Number.isInteger(claims.iat) && Number.isInteger(claims.exp);
      return !areIntegers && "iat or exp is no integer";
    },
  ),
  claimCheck(
    "6.7.1-14",
    "6.7.1/life",
    "issues resource tokens for at most five minutes",
    ({ jwt: { claims } }) => {
      const life = numberOf(claims.exp) - numberOf(claims.iat);
      return life <= FIVE_MINUTES ? undefined : `it lives ${life} s`;
    },
    authShould,
  ),
  claimCheck(
    "11.10-01",
    "11.10/scopes",
    "requests only scopes that it describes",
    ({ jwt }, { metadata }) => {
      const described = Object.keys(metadata.scope_descriptions as object);
      const bad = String(jwt.claims.scope ?? "")
        .split(" ")
        .filter((scope) => scope !== "" && !described.includes(scope));
      return bad.length > 0 && `${bad.join(", ")} is not in scope_descriptions`;
    },
    pairOf<ResourceBench>("resource", "RS", [...NEEDS, "scope_descriptions"]),
  ),
  authMay.refuses("6.5-03", "6.5/step-up", "asks for a further auth token for its scope", async (bench) => {
    const token = bench.world.authToken(bench.id);
    const issued = await challenged(bench, token);
    if ("verdict" in issued) return failed(issued.reason ?? "");
    return differs("presented_jti", issued.jwt.claims.presented_jti, token.claims.jti);
  }),
];

/** Posts to the authorization endpoint; its path is in the metadata. */
function authorize(
  bench: ResourceBench,
  body: object = { scope: bench.scope },
  token: TokenPlan = bench.world.personToken(bench.id),
): Promise<Answer> {
  const path = pathOf(bench, "authorization_endpoint");
  return bench.target.send(compose(planFor(bench, "POST", path, token, body)));
}

const { accepts, refuses } = pairOf<ResourceBench>("resource", "RS", ["authorization_endpoint"]);
const may = pairOf<ResourceBench>("resource", "RS", ["authorization_endpoint"], "may");

/** A refusal at the authorization endpoint, after its valid twin. */
const refusedRequest = (
  id: string,
  clause: Clause,
  title: string,
  send: (bench: ResourceBench) => Promise<Answer>,
  judge: (answer: Answer) => Outcome,
): Check<ResourceBench> =>
  refuses(id, clause, title, async (bench) => {
    const twin = await authorize(bench);
    if (twin.status >= 300) return inconclusive(`its valid twin was answered ${describe(twin)}`);
    return judge(await send(bench));
  });

/** Finding on an answer that must be a problem document with this error. */
export function problemFinding(answer: Answer, status: number, ...errors: readonly string[]): Finding {
  if (answer.status < 300) return failed(`it was accepted: ${answer.status}`);
  if (answer.status !== status) return failed(`it was answered ${describe(answer)}, not ${status}`);
  const error = jsonOf(answer)?.error;
  return errors.includes(String(error))
    ? passed
    : warning(`the error is ${JSON.stringify(error)}, not ${errors.join(" or ")}`);
}

export const authorizationChecks: readonly Check<ResourceBench>[] = [
  accepts("6.6-01", "6.6/verify", "issues a resource token at the authorization endpoint", async (bench) =>
    refusalProblem(await authorize(bench)),
  ),
  refuses("6.4-04", "6.4/authorize", "asks an authorization request for a person token", async (bench) =>
    challengeProblem(await authorize(bench, undefined, bench.world.agentToken()), "person-token"),
  ),
  refusedRequest(
    "6.6.3-01",
    "6.6.3/request",
    "refuses an authorization request without scope",
    (bench) => authorize(bench, {}),
    (answer) => problemFinding(answer, 400, "invalid_request"),
  ),
  refusedRequest(
    "6.6.3-02",
    "6.6.3/scope",
    "refuses a scope that it does not know",
    (bench) => authorize(bench, { scope: "no.such.scope" }),
    (answer) => problemFinding(answer, 400, "invalid_scope"),
  ),
  refusedRequest(
    "6.6-02",
    "6.6/verify",
    "refuses another resource's person token at the authorization endpoint",
    (bench) => {
      const { personToken, parties } = bench.world;
      return authorize(bench, undefined, personToken(parties["resource-other"].id));
    },
    (answer) => answer.status !== 401 && `it was answered ${describe(answer)}`,
  ),
  refuses("11.9.2-01", "11.9.2/format", "answers errors as problem documents with a code", async (bench) => {
    const answer = await authorize(bench, {});
    if (answer.status < 400) return inconclusive("the request was accepted");
    const type = answer.fields["content-type"];
    if (!type?.startsWith("application/problem+json")) return `Content-Type is ${type}`;
    return typeof jsonOf(answer)?.error !== "string" && "the body has no error";
  }),
  may.accepts("11.11-01", "11.11/account", "echoes the account of the request", async (bench) => {
    const presented = bench.world.personToken(bench.id);
    const answer = await authorize(bench, { scope: bench.scope, account: "acme" }, presented);
    if (answer.status !== 200) return `it was answered ${describe(answer)}`;
    const issued = readToken(jsonOf(answer)?.resource_token, presented);
    return "verdict" in issued ? issued : differs("account", issued.jwt.claims.account, "acme");
  }),
];
