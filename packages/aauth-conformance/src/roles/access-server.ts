/**
 * Checks of an access server. The suite is the person server that asks it.
 *
 * @module
 */

import { BODY_CASES, SERVER_CASES, SIGNATURE_CASES } from "../messages/cases.ts";
import * as F from "../messages/token-flaws.ts";
import { freshAgent, type PlayedAgent } from "../peers/world.ts";
import { type Check, differs } from "../suite/check.ts";
import { checksOf, pairOf, type Spec } from "../suite/rows.ts";
import { caseRows } from "../suite/subject.ts";
import { messageSubject } from "./bench.ts";
import { deferredRows } from "./deferred.ts";
import { documentRows, keySetRows } from "./documents.ts";
import { revocationRows } from "./revocation.ts";
import {
  begin,
  having,
  issued,
  planIn,
  requestPlan,
  revokeNamed,
  type ServerBench,
  send,
  type TokenRequest,
  wasRevoked,
} from "./server-bench.ts";
import * as T from "./token-requests.ts";

const REVOCATION = ["revocation_endpoint"];
const { accepts } = pairOf<ServerBench>();
const revocable = pairOf<ServerBench>(REVOCATION);

/** A request as the played person server sends it, for an agent and with more tokens. */
function requestFor(
  { world, id }: ServerBench,
  agent: PlayedAgent = world.agent,
  more: Readonly<Record<string, unknown>> = {},
): TokenRequest {
  const presented_token = world.personToken(world.parties.resource.id, { confirms: agent.key });
  const resource_token = world.resourceToken(presented_token, { aud: id, confirms: agent.key });
  const body = { resource_token, agent_token: world.agentToken({ agent }), presented_token, ...more };
  return { endpoint: "auth_token_endpoint", signer: world.parties.ps, body };
}

const request = (bench: ServerBench): TokenRequest => requestFor(bench);

function subagentRequest(bench: ServerBench): TokenRequest {
  const { world } = bench;
  const agent = freshAgent(bench.world);
  const subagent_token = world.agentToken({ agent, claims: { parent_agent: world.agent.id } });
  return requestFor(bench, agent, { subagent_token, agent_token: world.agentToken() });
}

function chainedRequest(bench: ServerBench): TokenRequest {
  const { intermediary: provider } = bench.world.parties;
  const agent = { provider, id: `aauth:caller@${provider.host}`, key: provider.key };
  return requestFor(bench, agent, { upstream_token: bench.world.personToken(provider.id) });
}

/** The target's answer to a request one of whose tokens was changed. */
async function issuedFor(bench: ServerBench, own: TokenRequest, token = "resource", members: object = {}) {
  Object.assign(planIn(own, token).claims, members);
  return issued(await send(bench, own));
}

const { resource: RESOURCE, presented: PRESENTED, upstream: UPSTREAM } = T.INVALID;
/** The text has no code for this parameter. */
const AGENT = "invalid_request invalid_agent_token";
const anotherAgent = T.replaced("agent", (bench) =>
  bench.world.agentToken({ agent: freshAgent(bench.world) }),
);
const otherIssuer = F.issuedBy("ps-other");
const otherServer: T.Change = (own, { world }) => {
  otherIssuer(planIn(own, "presented"), world);
  F.anotherServer(planIn(own, "resource"), world);
};
const presented = (flaw: F.Flaw) => T.flawed("presented", flaw);

const requestCases: readonly T.RequestCase[] = [
  ...T.PAIR_CASES,
  ...T.parameterCases("presented", "6.7.2", 21),
  ["9.1.1-01", "9.1.1/agent", "a request without agent_token", T.missing("agent"), T.INVALID.request],
  ["9.1.1-02", "9.1.1/agent", "an agent_token that is no JWT", T.malformed("agent"), AGENT],
  [
    "9.1.1-03",
    "11.5.2/key",
    "an agent_token that another key has signed",
    T.flawed("agent", F.forged),
    AGENT,
  ],
  ["9.1.1-04", "11.5.2/exp", "an agent_token that has expired", T.flawed("agent", F.expired), AGENT],
  ["9.1.1-05", "6.7.2/jkt", "a resource_token for another agent's key", anotherAgent, RESOURCE],
  ["9.1.1-06", "9.1.1/signer", "a presented_token of another server than the signer", otherServer, T.UNFIT],
  ["6.7.2-71", "9.1.1/presented", "a presented_token for another key", presented(F.anotherKey), PRESENTED],
  ["6.7.2-72", "6.7.2/substitute", "a presented_token of elsewhere", presented(F.forAnother), PRESENTED],
  ["11.5.2-21", "11.5.2/hour", "a presented_token of two hours", presented(F.longLived), PRESENTED],
];

const upstream = (flaw: F.Flaw) => T.flawed("upstream", flaw);
const upstreamCases: readonly T.RequestCase[] = [
  ...T.parameterCases("upstream", "9.4.5"),
  ["9.4.5-21", "9.4.5/typ", "an agent token as upstream_token", T.agentInstead("upstream"), UPSTREAM],
  ["9.4.5-22", "9.4.5/aud", "an upstream_token for another", upstream(F.forAnother), UPSTREAM],
  ["9.4.5-23", "9.4.5/as", "an upstream_token of another server", upstream(otherIssuer), UPSTREAM],
];

const revoked =
  (token: "presented" | "resource", party: "ps" | "resource"): T.Change =>
  (own, bench) =>
    revokeNamed(bench, party, planIn(own, token));
const [revokedPresented, revokedResource] = [revoked("presented", "ps"), revoked("resource", "resource")];

const revokedCases: readonly T.RequestCase[] = [
  ["11.12.4-01", "11.12.4/presented", "a revoked one", revokedPresented, "revoked_presented_token"],
  ["11.12.4-02", "11.12.4/resource", "a revoked one", revokedResource, "revoked_resource_token"],
];

const caps: readonly Spec<ServerBench>[] = [
  T.capped("9.4.1-21", "9.4.1/presented", "the presented token", (bench, exp) =>
    issuedFor(bench, request(bench), "presented", { exp }),
  ),
  T.capped("9.4.1-22", "9.4.1/life", "the agent token", (bench, exp) =>
    issuedFor(bench, request(bench), "agent", { exp }),
  ),
  T.capped("9.4.1-23", "9.4.1/upstream", "the upstream token", (bench, exp) =>
    issuedFor(bench, chainedRequest(bench), "upstream", { exp }),
  ),
];

/** All checks of an access server, in the order in which they run. */
export const ACCESS_SERVER_CHECKS: readonly Check<ServerBench>[] = checksOf("access-server", [
  ...documentRows("aauth-access.json"),
  ...keySetRows(),
  ...caseRows(
    messageSubject((bench: ServerBench) => requestPlan(bench, request(bench))),
    [...SIGNATURE_CASES, ...BODY_CASES, ...SERVER_CASES],
  ),
  accepts("11.2.3-01", "11.2.3/endpoint", "publishes its auth token endpoint", ({ metadata }) =>
    differs("its type", typeof metadata.auth_token_endpoint, "string"),
  ),
  ...T.factRows(T.AUTH_TOKEN_FACTS, async (bench) => {
    const own = request(bench);
    return [await issuedFor(bench, own, "resource", { account: "acme" }), planIn(own, "resource").claims];
  }),
  ...caps,
  ...T.requestRows(request),
  accepts("9.1.1-11", "9.1.1/presented", "accepts an auth token of its own as presented", async (bench) => {
    const { text: presented_token, jwt } = await issuedFor(bench, request(bench));
    const resource_token = bench.world.resourceToken(jwt, { aud: bench.id });
    const answer = await send(bench, requestFor(bench, undefined, { presented_token, resource_token }));
    return differs("the status", answer.status, 200);
  }),
  accepts("10.2.3-31", "10.2.3/auth", "binds the auth token to the sub-agent's key", async (bench) => {
    const own = subagentRequest(bench);
    return differs("its key", T.jktOf(await issuedFor(bench, own)), planIn(own, "resource").claims.agent_jkt);
  }),
  ...T.refusedRequests(request, requestCases),
  ...T.refusedRequests(subagentRequest, T.SUBAGENT_CASES),
  ...T.refusedRequests(chainedRequest, upstreamCases),
  ...deferredRows(["decisions", "owner-scope"], async (bench) => {
    const own = request(bench);
    planIn(own, "resource").claims.scope = bench.ownerScope;
    const answer = having(202, await begin(bench, own));
    return { answer, signer: own.signer, other: bench.world.parties["ps-other"] };
  }),
  ...T.refusedRequests(request, revokedCases, REVOCATION),
  revocable.accepts(
    "11.12.4-03",
    "11.12.4/access",
    "revokes what it issued on a revoked token",
    async (bench) => {
      const own = request(bench);
      const { jwt } = await issuedFor(bench, own);
      await revokeNamed(bench, "ps", planIn(own, "presented"));
      return wasRevoked(bench, jwt);
    },
  ),
  revocable.accepts(
    "11.12.1-11",
    "11.12.1/key",
    "ignores another person server's revocation",
    async (bench) => {
      const own = request(bench);
      await revokeNamed(bench, "ps-other", planIn(own, "presented"));
      return differs("the status", (await send(bench, own)).status, 200);
    },
  ),
  ...revocationRows(({ parties }) => parties.ps),
]);
