/**
 * Checks of a resource.
 *
 * @module
 */

import { AGENT_CASES, SIGNATURE_CASES } from "../messages/cases.ts";
import { compose, type Plan } from "../messages/plan.ts";
import {
  AGENT_TOKEN_CASES,
  AUTH_TOKEN_CASES,
  COMMON_TOKEN_CASES,
  PERSON_TOKEN_CASES,
} from "../messages/token-cases.ts";
import { type Check, describe, failed, inconclusive, refusalProblem } from "../suite/check.ts";
import { checksOf, pairOf, type Spec } from "../suite/rows.ts";
import { caseRows, isServed } from "../suite/subject.ts";
import { planFor } from "./bench.ts";
import { documentRows, keySetRows } from "./documents.ts";
import {
  call,
  callUnsigned,
  challengeProblem,
  type ResourceBench,
  type RouteLevel,
  routeSubject,
  routeToken,
} from "./resource-bench.ts";
import { resourceRevocationRows } from "./resource-revocation.ts";
import { authorizationRows, resourceTokenRows } from "./resource-tokens.ts";

const route = (level: RouteLevel) => `a route for ${level}`;
const agent = pairOf<ResourceBench>([route("agent-token")]);
const agentMay = pairOf<ResourceBench>([route("agent-token")], "may");
const person = pairOf<ResourceBench>([route("person-token")]);
const auth = pairOf<ResourceBench>([route("auth-token")]);
const routeRows = (level: RouteLevel, cases: Parameters<typeof caseRows<ResourceBench, Plan>>[1]) =>
  caseRows(routeSubject(level), cases, [route(level)]);

const flowRows: readonly Spec<ResourceBench>[] = [
  agent.refuses("6.1-01", "6.1/challenge", "asks an unsigned request for an agent token", async (bench) =>
    challengeProblem(await callUnsigned(bench, "agent-token"), "agent-token"),
  ),
  person.refuses("6.4-01", "6.4/challenge", "asks an unsigned request for a person token", async (bench) =>
    challengeProblem(await callUnsigned(bench, "person-token"), "person-token"),
  ),
  person.refuses("6.4-02", "6.4/challenge", "asks an agent token for a person token", async (bench) =>
    challengeProblem(await call(bench, "person-token", bench.world.agentToken()), "person-token"),
  ),
  person.accepts("6.4-03", "6.4/challenge", "serves a person token", async (bench) =>
    refusalProblem(await call(bench, "person-token", bench.world.personToken(bench.id))),
  ),
  auth.refuses("6.5-01", "6.5/neither", "asks for a person token before an auth token", async (bench) =>
    challengeProblem(await call(bench, "auth-token", bench.world.agentToken()), "person-token"),
  ),
  auth.refuses("7.1.4-08", "7.1.4/reject", "serves no person token for an auth token", async (bench) => {
    const twin = await call(bench, "auth-token", routeToken(bench, "auth-token"));
    if (!isServed(twin)) return inconclusive(`a valid auth token was answered ${describe(twin)}`);
    const answer = await call(bench, "auth-token", bench.world.personToken(bench.id));
    return (isServed(answer) || answer.body === twin.body) && "it was served";
  }),
  auth.accepts("9.4.2-01", "9.4.2/present", "serves an auth token with the route's scope", async (bench) =>
    refusalProblem(await call(bench, "auth-token", routeToken(bench, "auth-token"))),
  ),
];

/** Problem of a number of key set fetches since `before`. */
function fetchesProblem({ fetched }: { readonly fetched: readonly string[] }, before = 0) {
  const fetches = fetched.slice(before).filter((path) => path === "/jwks.json").length;
  return fetches > 1 && `the key set was fetched ${fetches} times within seconds`;
}

/** Fetches of key sets, counted at the suite's own agent providers. */
const fetchRows: readonly Spec<ResourceBench>[] = [
  agent.accepts("11.4-02", "11.4/cache", "caches a provider's key set", async (bench) => {
    const provider = bench.world.parties["ap-cached"];
    for (let round = 0; round < 3; round += 1) {
      const answer = await call(bench, "agent-token", bench.world.agentToken({ provider }));
      if (!isServed(answer)) return inconclusive(`a valid message was answered ${describe(answer)}`);
    }
    return fetchesProblem(provider);
  }),
  agent.refuses("11.4-03", "11.4/minute", "fetches a key set at most once a minute", async (bench) => {
    const provider = bench.world.parties["ap-unknown-kid"];
    const before = provider.fetched.length;
    for (let round = 0; round < 4; round += 1) {
      const token = bench.world.agentToken({ provider });
      token.header.kid = `unknown-${round}`;
      const answer = await call(bench, "agent-token", token);
      if (isServed(answer)) return failed("a token with an unknown kid was served");
    }
    return fetchesProblem(provider, before);
  }),
  agentMay.refuses("11.3.4.2-03", "11.3.4.2/replay", "refuses an unsafe request twice", async (bench) => {
    const token = bench.world.agentToken();
    const wire = compose(planFor(bench, "POST", bench.routes["agent-token"]!, token, { once: true }));
    if (!isServed(await bench.target.send(wire))) return inconclusive("the route takes no POST");
    return isServed(await bench.target.send(wire)) && "it is served twice";
  }),
];

/** A resource that accepts person tokens should learn of their revocation. */
const revocationDocument = pairOf<ResourceBench>(["metadata"], "should").accepts(
  "11.2.4-03",
  "11.2.4/revocation",
  "has a revocation endpoint if it accepts person tokens",
  ({ claims }) =>
    (claims.has(route("person-token")) || claims.has(route("auth-token"))) &&
    !claims.has("revocation_endpoint") &&
    "there is no revocation_endpoint",
);

/** All checks of a resource, in the order in which they run. */
export const RESOURCE_CHECKS: readonly Check<ResourceBench>[] = checksOf("resource", [
  ...documentRows("aauth-resource.json", ["metadata"]),
  ...keySetRows(["metadata", "jwks_uri"]),
  ...routeRows("agent-token", [
    ...SIGNATURE_CASES,
    ...AGENT_CASES,
    ...COMMON_TOKEN_CASES,
    ...AGENT_TOKEN_CASES,
  ]),
  ...routeRows("person-token", PERSON_TOKEN_CASES),
  ...routeRows("auth-token", AUTH_TOKEN_CASES),
  ...flowRows,
  ...resourceTokenRows,
  ...authorizationRows,
  ...fetchRows,
  ...resourceRevocationRows,
  revocationDocument,
]);
