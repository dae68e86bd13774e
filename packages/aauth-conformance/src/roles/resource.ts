/**
 * Checks of a resource.
 *
 * @module
 */

import { SIGNATURE_CASES } from "../messages/cases.ts";
import { compose } from "../messages/plan.ts";
import {
  AGENT_TOKEN_CASES,
  AUTH_TOKEN_CASES,
  COMMON_TOKEN_CASES,
  PERSON_TOKEN_CASES,
} from "../messages/token-cases.ts";
import { type Check, describe, failed, inconclusive, refusalProblem } from "../suite/check.ts";
import { messageChecks } from "../suite/message-checks.ts";
import { pairOf } from "../suite/rows.ts";
import { isServed } from "../suite/subject.ts";
import { documentChecks, keySetChecks } from "./documents.ts";
import {
  call,
  callUnsigned,
  challengeProblem,
  planFor,
  type ResourceBench,
  type RouteLevel,
  routeSubject,
  routeToken,
} from "./resource-bench.ts";
import { resourceRevocationChecks } from "./resource-revocation.ts";
import { authorizationChecks, resourceTokenChecks } from "./resource-tokens.ts";

const route = (level: RouteLevel) => `a route for ${level}`;
const agent = pairOf<ResourceBench>("resource", "RS", [route("agent-token")]);
const agentMay = pairOf<ResourceBench>("resource", "RS", [route("agent-token")], "may");
const person = pairOf<ResourceBench>("resource", "RS", [route("person-token")]);
const auth = pairOf<ResourceBench>("resource", "RS", [route("auth-token")]);

const flowChecks: readonly Check<ResourceBench>[] = [
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
const fetchChecks: readonly Check<ResourceBench>[] = [
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

/** All checks of a resource, in the order in which they run. */
export const RESOURCE_CHECKS: readonly Check<ResourceBench>[] = [
  ...documentChecks<ResourceBench>("resource", "RS", "aauth-resource.json", ["metadata"]),
  ...keySetChecks<ResourceBench>("resource", "RS", ["metadata", "jwks_uri"]),
  ...messageChecks<ResourceBench>(
    "resource",
    "RS",
    [...SIGNATURE_CASES, ...COMMON_TOKEN_CASES, ...AGENT_TOKEN_CASES],
    {
      traits: ["jwt", "bodiless"],
      needs: [route("agent-token")],
      subject: (bench) => routeSubject(bench, "agent-token"),
    },
  ),
  ...messageChecks<ResourceBench>("resource", "RS", PERSON_TOKEN_CASES, {
    traits: ["jwt"],
    needs: [route("person-token")],
    subject: (bench) => routeSubject(bench, "person-token"),
  }),
  ...messageChecks<ResourceBench>("resource", "RS", AUTH_TOKEN_CASES, {
    traits: ["jwt"],
    needs: [route("auth-token")],
    subject: (bench) => routeSubject(bench, "auth-token"),
  }),
  ...flowChecks,
  ...resourceTokenChecks,
  ...authorizationChecks,
  ...fetchChecks,
  ...resourceRevocationChecks,
];
