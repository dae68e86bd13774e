/**
 * Resource tokens that a resource issues, at its routes and at its authorization endpoint.
 *
 * @module
 */

import { decodeJwt, type Jwt, TokenError } from "../judge/jws.ts";
import { thumbprint } from "../judge/keys.ts";
import type { ClauseName } from "../manifest/clauses.ts";
import { BODY_COMPONENTS, compose, type Plan, type TokenPlan } from "../messages/plan.ts";
import {
  describe,
  differs,
  type Finding,
  failed,
  inconclusive,
  type Row,
  refusalProblem,
} from "../suite/check.ts";
import { type Outcome, pairOf, type Spec } from "../suite/rows.ts";
import { type Case, caseRows } from "../suite/subject.ts";
import { type Answer, jsonOf } from "../suite/target.ts";
import { messageSubject, pathOf, planFor, requirementOf, unsignedProblem } from "./bench.ts";
import { call, challengeProblem, type ResourceBench } from "./resource-bench.ts";

const NEEDS = ["a route for auth-token"];
const FIVE_MINUTES = 300;

interface Issued {
  readonly jwt: Jwt;
  readonly presented: TokenPlan;
}

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

/** A row of the resource token that answers a person token. */
type Fact = readonly [
  number: string,
  clause: ClauseName,
  title: string,
  judge: (issued: Issued, bench: ResourceBench) => Promise<Outcome> | Outcome,
  more?: { readonly level?: Row["level"]; readonly needs?: string; readonly claims?: object },
];

/** A claim that is copied from the token that was shown. */
const copied = (
  number: string,
  clause: ClauseName,
  claim: string,
  from = claim,
  claims: object = {},
): Fact => [
  number,
  clause,
  `copies ${from} of the person token to ${claim}`,
  ({ jwt, presented }) => differs(claim, jwt.claims[claim], presented.claims[from]),
  { claims },
];

const numberOf = (value: unknown): number => (typeof value === "number" ? value : Number.NaN);
const MISSION = { mission_s256: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" };

const typed: Fact[3] = ({ jwt }) => differs("typ", jwt.header.typ, "aa-resource+jwt");
const signed: Fact[3] = ({ jwt }, bench) => unsignedProblem(bench, jwt);
const issuing: Fact[3] = ({ jwt }, { id }) =>
  differs("iss", jwt.claims.iss, id) ?? differs("dwk", jwt.claims.dwk, "aauth-resource.json");
const redeemed: Fact[3] = ({ jwt }, { world: { parties } }) =>
  ![parties.ps.id, parties.as.id].includes(String(jwt.claims.aud)) && `aud is ${String(jwt.claims.aud)}`;
const bound: Fact[3] = ({ jwt }, { world }) =>
  differs("agent_jkt", jwt.claims.agent_jkt, thumbprint(world.agent.key.publicJwk));
const unbound: Fact[3] = ({ jwt }) => jwt.claims.cnf !== undefined && "it has cnf";
const nameless: Fact[3] = ({ jwt }) =>
  JSON.stringify(jwt.claims).includes("aauth:") && "a claim has an agent identifier";
const scoped: Fact[3] = ({ jwt: { claims } }) =>
  typeof claims.scope !== "string" && `scope is ${JSON.stringify(claims.scope)}`;
const dated: Fact[3] = ({ jwt: { claims } }) => {
  if (typeof claims.jti !== "string") return "jti is no string";
  const areIntegers = Number.isInteger(claims.iat) && Number.isInteger(claims.exp);
  return !areIntegers && "iat or exp is no integer";
};
const shortLived: Fact[3] = ({ jwt: { claims } }) => {
  const life = numberOf(claims.exp) - numberOf(claims.iat);
  return life <= FIVE_MINUTES ? undefined : `it lives ${life} s`;
};
const described: Fact[3] = ({ jwt }, { metadata }) => {
  const known = Object.keys(metadata.scope_descriptions as object);
  const bad = String(jwt.claims.scope ?? "")
    .split(" ")
    .filter((scope) => scope !== "" && !known.includes(scope));
  return bad.length > 0 && `${bad.join(", ")} is not in scope_descriptions`;
};

const FACTS: readonly Fact[] = [
  ["6.7.1-01", "6.7.1/typ", "issues resource tokens of typ aa-resource+jwt", typed],
  [
    "6.7.1-02",
    "11.5.2/key",
    "signs resource tokens with a key that it publishes",
    signed,
    { needs: "jwks_uri" },
  ],
  ["6.7.1-03", "6.7.1/typ", "names itself as issuer, with its document", issuing],
  ["6.7-01", "6.7/aud", "names the server that redeems the token", redeemed],
  copied("6.7.1-04", "6.7.1/ps", "ps", "iss"),
  copied("6.7.1-05", "6.7.1/sub", "sub"),
  copied("6.7.1-06", "6.7.1/presented", "presented_jti", "jti"),
  copied("6.7.1-11", "6.7.1/mission", "mission_s256", "mission_s256", MISSION),
  copied("6.7.1-12", "6.7.1/tenant", "tenant", "tenant", { tenant: "acme" }),
  ["6.7.1-07", "6.7.1/jkt", "names the agent's key by its thumbprint", bound],
  ["6.7.1-08", "6.7.1/cnf", "issues resource tokens without cnf", unbound],
  ["6.7.1-09", "6.7.1/agent", "issues resource tokens that name no agent", nameless],
  ["6.7.1-10", "6.7.1/scope", "issues resource tokens with a scope", scoped],
  ["6.7.1-13", "11.5.1/jti", "issues resource tokens with jti, iat and exp", dated],
  [
    "6.7.1-14",
    "6.7.1/life",
    "issues resource tokens for at most five minutes",
    shortLived,
    { level: "should" },
  ],
  [
    "11.10-01",
    "11.10/scopes",
    "requests only scopes that it describes",
    described,
    { needs: "scope_descriptions" },
  ],
];

const auth = pairOf<ResourceBench>(NEEDS);
const authMay = pairOf<ResourceBench>(NEEDS, "may");

export const resourceTokenRows: readonly Spec<ResourceBench>[] = [
  auth.refuses("6.5-02", "6.5/auth-token", "answers a person token with a resource token", async (bench) => {
    const answer = await call(bench, "auth-token", bench.world.personToken(bench.id));
    const token = requirementOf(answer)?.params["resource-token"];
    const problem = challengeProblem(answer, "auth-token");
    return problem ?? (typeof token !== "string" && "there is no resource-token");
  }),
  ...FACTS.map(([number, clause, title, judge, { level, needs, claims = {} } = {}]) => {
    const { accepts } = pairOf<ResourceBench>(needs === undefined ? NEEDS : [...NEEDS, needs], level);
    return accepts(number, clause, title, async (bench) => {
      const issued = await challenged(bench, bench.world.personToken(bench.id, { claims: { ...claims } }));
      return "verdict" in issued ? issued : judge(issued, bench);
    });
  }),
  authMay.refuses("6.5-03", "6.5/step-up", "asks for a further auth token for its scope", async (bench) => {
    const token = bench.world.authToken(bench.id);
    const issued = await challenged(bench, token);
    if ("verdict" in issued) return failed(issued.reason ?? "");
    return differs("presented_jti", issued.jwt.claims.presented_jti, token.claims.jti);
  }),
];

const ENDPOINT = ["authorization_endpoint"];
const { accepts, refuses } = pairOf<ResourceBench>(ENDPOINT);

/** A request to the authorization endpoint. */
function authorization(bench: ResourceBench, more: object = {}, token?: TokenPlan): Plan {
  const { world, id, scope } = bench;
  const path = pathOf(bench, ENDPOINT[0]!);
  const plan = planFor(bench, "POST", path, token ?? world.personToken(id), { scope, ...more });
  // A resource demands no more than its metadata say.
  const { additional_signature_components: named } = bench.metadata;
  const demanded: readonly unknown[] = Array.isArray(named) ? named : [];
  const isOptional = (name: string) => (BODY_COMPONENTS as readonly string[]).includes(name);
  plan.components = plan.components.filter((name) => !isOptional(name) || demanded.includes(name));
  return plan;
}
const authorize = (bench: ResourceBench, more?: object, token?: TokenPlan): Promise<Answer> =>
  bench.target.send(compose(authorization(bench, more, token)));

const asking = (content: object) => (plan: Plan) => Object.assign(plan, { body: JSON.stringify(content) });
const ofAnother = (plan: Plan, { world: { personToken, parties } }: ResourceBench) =>
  Object.assign(plan, { token: personToken(parties["resource-other"].id) });
const REFUSED: readonly Case<ResourceBench, Plan>[] = [
  [
    "6.6.3-01",
    "6.6.3/request",
    "refuses an authorization request without scope",
    asking({}),
    "invalid_request",
  ],
  [
    "6.6.3-02",
    "6.6.3/scope",
    "refuses a scope that it does not know",
    asking({ scope: "no.such.scope" }),
    "invalid_scope",
  ],
];
const REFUSED_TOKENS: readonly Case<ResourceBench, Plan>[] = [
  [
    "6.6-02",
    "6.6/verify",
    "refuses another resource's person token at the authorization endpoint",
    ofAnother,
    "invalid_jwt",
  ],
];

export const authorizationRows: readonly Spec<ResourceBench>[] = [
  accepts("6.6-01", "6.6/verify", "issues a resource token at the authorization endpoint", async (bench) =>
    refusalProblem(await authorize(bench)),
  ),
  refuses("6.4-04", "6.4/authorize", "asks an authorization request for a person token", async (bench) =>
    challengeProblem(await authorize(bench, undefined, bench.world.agentToken()), "person-token"),
  ),
  ...caseRows(messageSubject(authorization, 400), REFUSED, ENDPOINT),
  ...caseRows(messageSubject(authorization), REFUSED_TOKENS, ENDPOINT),
  refuses("11.9.2-01", "11.9.2/format", "answers errors as problem documents with a code", async (bench) => {
    const answer = await authorize(bench, { scope: undefined });
    if (answer.status < 400) return inconclusive("the request was accepted");
    const type = answer.fields["content-type"];
    if (!type?.startsWith("application/problem+json")) return `Content-Type is ${type}`;
    return typeof jsonOf(answer)?.error !== "string" && "the body has no error";
  }),
  pairOf<ResourceBench>(ENDPOINT, "may").accepts(
    "11.11-01",
    "11.11/account",
    "echoes the account of the request",
    async (bench) => {
      const presented = bench.world.personToken(bench.id);
      const answer = await authorize(bench, { account: "acme" }, presented);
      if (answer.status !== 200) return `it was answered ${describe(answer)}`;
      const issued = readToken(jsonOf(answer)?.resource_token, presented);
      return "verdict" in issued ? issued : differs("account", issued.jwt.claims.account, "acme");
    },
  ),
];
