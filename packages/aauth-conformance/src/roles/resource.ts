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
import { type Check, describe, failed, inconclusive, passed, verdictOf } from "../suite/check.ts";
import { messageChecks } from "../suite/message-checks.ts";
import { checkOf, type Spec } from "../suite/rows.ts";
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
} from "./resource-bench.ts";
import { resourceRevocationChecks } from "./resource-revocation.ts";
import { authorizationChecks, resourceTokenChecks } from "./resource-tokens.ts";

type ResourceSpec = Omit<Spec<ResourceBench>, "role">;
const check = (spec: ResourceSpec): Check<ResourceBench> => checkOf({ role: "resource", ...spec });

const route = (level: RouteLevel) => `a route for ${level}`;

const flowChecks: readonly Check<ResourceBench>[] = [
  check({
    id: "RS-6.1-01",
    title: "asks an unsigned request for an agent token",
    clause: "6.1/challenge",
    needs: [route("agent-token")],
    polarity: "refuse",
    run: async (bench) =>
      verdictOf(challengeProblem(await callUnsigned(bench, "agent-token"), "agent-token")),
  }),
  check({
    id: "RS-6.4-01",
    title: "asks an unsigned request for a person token",
    clause: "6.4/challenge",
    needs: [route("person-token")],
    polarity: "refuse",
    run: async (bench) =>
      verdictOf(challengeProblem(await callUnsigned(bench, "person-token"), "person-token")),
  }),
  check({
    id: "RS-6.4-02",
    title: "asks an agent that shows its agent token for a person token",
    clause: "6.4/challenge",
    needs: [route("person-token")],
    polarity: "refuse",
    async run(bench) {
      const answer = await call(bench, "person-token", bench.world.agentToken());
      return verdictOf(challengeProblem(answer, "person-token"));
    },
  }),
  check({
    id: "RS-6.4-03",
    title: "serves a person token",
    clause: "6.4/challenge",
    needs: [route("person-token")],
    polarity: "accept",
    async run(bench) {
      const answer = await call(bench, "person-token", bench.world.personToken(bench.id));
      return isServed(answer) ? passed : failed(`it was answered ${describe(answer)}`);
    },
  }),
  check({
    id: "RS-6.5-01",
    title: "asks for a person token before an auth token",
    clause: "6.5/neither",
    needs: [route("auth-token")],
    polarity: "refuse",
    async run(bench) {
      const answer = await call(bench, "auth-token", bench.world.agentToken());
      return verdictOf(challengeProblem(answer, "person-token"));
    },
  }),
  check({
    id: "RS-7.1.4-08",
    title: "never serves a person token where an auth token is required",
    clause: "7.1.4/reject",
    needs: [route("auth-token")],
    polarity: "refuse",
    async run(bench) {
      const twin = await call(
        bench,
        "auth-token",
        bench.world.authToken(bench.id, { claims: { scope: bench.scope } }),
      );
      if (!isServed(twin)) return inconclusive(`a valid auth token was answered ${describe(twin)}`);
      const answer = await call(bench, "auth-token", bench.world.personToken(bench.id));
      return isServed(answer) || answer.body === twin.body ? failed("it was served") : passed;
    },
  }),
  check({
    id: "RS-9.4.2-01",
    title: "serves an auth token with the scope that the route needs",
    clause: "9.4.2/present",
    needs: [route("auth-token")],
    polarity: "accept",
    async run(bench) {
      const answer = await call(
        bench,
        "auth-token",
        bench.world.authToken(bench.id, { claims: { scope: bench.scope } }),
      );
      return isServed(answer) ? passed : failed(`it was answered ${describe(answer)}`);
    },
  }),
];

/** Fetches of key sets, counted at the suite's own agent providers. */
const fetchChecks: readonly Check<ResourceBench>[] = [
  check({
    id: "RS-11.4-02",
    title: "caches a provider's key set",
    clause: "11.4/cache",
    needs: [route("agent-token")],
    polarity: "accept",
    async run(bench) {
      const { world } = bench;
      const provider = world.parties["ap-cached"];
      for (let round = 0; round < 3; round += 1) {
        const answer = await call(bench, "agent-token", world.agentToken({ provider }));
        if (!isServed(answer)) return inconclusive(`a valid message was answered ${describe(answer)}`);
      }
      const fetches = provider.fetched.filter((path) => path === "/jwks.json").length;
      return fetches <= 1 ? passed : failed(`the key set was fetched ${fetches} times for three messages`);
    },
  }),
  check({
    id: "RS-11.4-03",
    title: "fetches a key set at most once a minute, whichever kid callers name",
    clause: "11.4/minute",
    needs: [route("agent-token")],
    polarity: "refuse",
    async run(bench) {
      const { world } = bench;
      const provider = world.parties["ap-unknown-kid"];
      const before = provider.fetched.length;
      for (let round = 0; round < 4; round += 1) {
        const token = world.agentToken({ provider });
        token.header.kid = `unknown-${round}`;
        const answer = await call(bench, "agent-token", token);
        if (isServed(answer)) return failed("a token with an unknown kid was served");
      }
      const fetches = provider.fetched.slice(before).filter((path) => path === "/jwks.json").length;
      return fetches <= 1 ? passed : failed(`the key set was fetched ${fetches} times within seconds`);
    },
  }),
  check({
    id: "RS-11.3.4.2-03",
    title: "refuses an unsafe request that is sent a second time",
    clause: "11.3.4.2/replay",
    level: "may",
    needs: [route("agent-token")],
    polarity: "refuse",
    async run(bench) {
      const plan = planFor(bench, "POST", bench.routes["agent-token"]!, bench.world.agentToken(), {
        once: true,
      });
      const wire = compose(plan);
      if (!isServed(await bench.target.send(wire))) return inconclusive("the route takes no POST");
      return isServed(await bench.target.send(wire)) ? failed("it is served twice") : passed;
    },
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
