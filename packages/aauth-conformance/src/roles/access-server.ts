/**
 * Checks of an access server. The suite is the person server that asks it.
 *
 * @module
 */

import { thumbprint } from "../judge/keys.ts";
import { SIGNATURE_CASES } from "../messages/cases.ts";
import type { TokenPlan } from "../messages/plan.ts";
import type { PlayedAgent } from "../peers/world.ts";
import { type Check, describe } from "../suite/check.ts";
import { messageChecks } from "../suite/message-checks.ts";
import { rowsOf } from "../suite/rows.ts";
import { deferredChecks } from "./deferred.ts";
import { documentChecks, keySetChecks } from "./documents.ts";
import { revocationChecks, revoke } from "./revocation.ts";
import {
  begin,
  freshAgent,
  having,
  issued,
  planIn,
  requestPlan,
  type ServerBench,
  send,
  type TokenRequest,
} from "./server-bench.ts";
import {
  AUTH_TOKEN_FACTS,
  capped,
  claims,
  differs,
  factRows,
  issuedBy,
  jktOf,
  missing,
  PAIR_CASES,
  parameterCases,
  type RequestCase,
  refusedRequests,
  replaced,
} from "./token-requests.ts";

const SERVER = ["access-server", "AS"] as const;
const accepts = rowsOf<ServerBench>(...SERVER, "accept");
const REVOCATION = ["revocation_endpoint"];

/** A request as the played person server sends it, for an agent and with more tokens. */
function requestFor(
  { world, id }: ServerBench,
  agent: PlayedAgent = world.agent,
  more: object = {},
): TokenRequest {
  const presented_token = world.personToken(world.parties.resource.id, { confirms: agent.key });
  const resource_token = world.resourceToken(presented_token, { aud: id, confirms: agent.key });
  const body = { resource_token, agent_token: world.agentToken({ agent }), presented_token, ...more };
  return { endpoint: "auth_token_endpoint", signer: world.parties.ps, body };
}

const request = async (bench: ServerBench): Promise<TokenRequest> => requestFor(bench);

async function subagentRequest(bench: ServerBench): Promise<TokenRequest> {
  const { world } = bench;
  const agent = freshAgent(bench);
  const subagent_token = world.agentToken({ agent, claims: { parent_agent: world.agent.id } });
  return requestFor(bench, agent, { subagent_token, agent_token: world.agentToken() });
}

async function chainedRequest(bench: ServerBench): Promise<TokenRequest> {
  const { intermediary: provider } = bench.world.parties;
  const agent = { provider, id: `aauth:caller@${provider.host}`, key: provider.key };
  return requestFor(bench, agent, { upstream_token: bench.world.personToken(provider.id) });
}

/** What the target issues for a request, once a token of it was changed. */
const issuedFor = async (
  bench: ServerBench,
  own: TokenRequest,
  token = "resource",
  members: Record<string, unknown> = { account: "acme" },
) => {
  Object.assign(planIn(own, token).claims, members);
  return issued(await send(bench, own));
};

const PRESENTED = ["invalid_presented_token"];
const AGENT = ["invalid_request", "invalid_agent_token"];

const requestCases: readonly RequestCase[] = [
  ...PAIR_CASES,
  ...parameterCases("presented", "6.7.2", 21),
  missing("agent", "9.1.1-01", "9.1.1/agent"),
  ["9.1.1-02", "9.1.1/agent", "an agent_token that is no JWT", AGENT, replaced("agent", () => "a.b.c")],
  [
    "9.1.1-03",
    "11.5.2/key",
    "an agent_token that another key has signed",
    AGENT,
    (own, { world: { unknownKey: key } }) => Object.assign(planIn(own, "agent"), { key }),
  ],
  [
    "9.1.1-04",
    "11.5.2/exp",
    "an agent_token that has expired",
    AGENT,
    claims("agent", ({ now }) => ({ iat: now() - 300, exp: now() - 5 })),
  ],
  [
    "9.1.1-05",
    "6.7.2/jkt",
    "an agent_token of another key than the resource_token's",
    ["invalid_resource_token"],
    replaced("agent", (bench) => bench.world.agentToken({ agent: freshAgent(bench) })),
  ],
  [
    "9.1.1-06",
    "9.1.1/signer",
    "a presented_token of another person server than the signer",
    ["invalid_presented_token", "invalid_resource_token"],
    issuedBy(
      "presented",
      "ps-other",
      claims("resource", ({ parties }) => ({ ps: parties["ps-other"].id })),
    ),
  ],
  [
    "6.7.2-71",
    "9.1.1/presented",
    "a presented_token for another key",
    PRESENTED,
    claims("presented", ({ unknownKey }) => ({ cnf: { jwk: unknownKey.publicJwk } })),
  ],
  [
    "6.7.2-72",
    "6.7.2/substitute",
    "a presented_token for another resource",
    PRESENTED,
    claims("presented", ({ parties }) => ({ aud: parties["resource-other"].id })),
  ],
  [
    "11.5.2-21",
    "11.5.2/hour",
    "a presented_token that lives longer than an hour",
    PRESENTED,
    claims("presented", ({ now }) => ({ exp: now() + 7200 })),
  ],
];

const subagentCases: readonly RequestCase[] = [
  ...parameterCases("subagent", "10.2.3", 1),
  [
    "10.2.3-21",
    "10.2.3/parent",
    "a subagent_token of another agent's sub-agent",
    ["invalid_subagent_token"],
    claims("subagent", ({ parties }) => ({ parent_agent: `aauth:other@${parties.ap.host}` })),
  ],
  [
    "10.2.3-22",
    "10.2.3/jkt",
    "a resource_token for the parent's key",
    ["invalid_resource_token"],
    claims("resource", ({ agent }) => ({ agent_jkt: thumbprint(agent.key.publicJwk) })),
  ],
];

const UPSTREAM = ["invalid_upstream_token"];
const upstreamCases: readonly RequestCase[] = [
  ...parameterCases("upstream", "9.4.5", 1),
  [
    "9.4.5-21",
    "9.4.5/typ",
    "an agent token upstream",
    UPSTREAM,
    replaced("upstream", ({ world }) => world.agentToken()),
  ],
  [
    "9.4.5-22",
    "9.4.5/aud",
    "an upstream_token for another resource than the intermediary",
    UPSTREAM,
    claims("upstream", ({ parties }) => ({ aud: parties.resource.id })),
  ],
  [
    "9.4.5-23",
    "9.4.5/as",
    "an upstream_token of another person server than the signer",
    UPSTREAM,
    issuedBy("upstream", "ps-other"),
  ],
];

const named = ({ claims: { jti, exp } }: TokenPlan) => ({ jti, exp });

const revoked =
  (token: string, party: "ps" | "resource"): RequestCase[4] =>
  (own, bench) =>
    revoke(bench, bench.world.parties[party], named(planIn(own, token)));

const revokedCases: readonly RequestCase[] = [
  [
    "11.12.4-01",
    "11.12.4/presented",
    "a revoked presented_token",
    ["revoked_presented_token"],
    revoked("presented", "ps"),
  ],
  [
    "11.12.4-02",
    "11.12.4/resource",
    "a revoked resource_token",
    ["revoked_resource_token"],
    revoked("resource", "resource"),
  ],
];

const tokens: readonly Check<ServerBench>[] = [
  accepts("11.2.3-01", "11.2.3/endpoint", "publishes its auth token endpoint", async ({ metadata }) =>
    differs("its type", typeof metadata.auth_token_endpoint, "string"),
  ),
  ...factRows(accepts, AUTH_TOKEN_FACTS, async (bench) => {
    const own = requestFor(bench);
    return [await issuedFor(bench, own), planIn(own, "resource").claims];
  }),
  capped(accepts, "9.4.1-21", "9.4.1/presented", "the presented token", (bench, exp) =>
    issuedFor(bench, requestFor(bench), "presented", { exp }),
  ),
  capped(accepts, "9.4.1-22", "9.4.1/life", "the agent token", (bench, exp) =>
    issuedFor(bench, requestFor(bench), "agent", { exp }),
  ),
  capped(accepts, "9.4.1-23", "9.4.1/upstream", "the upstream token", async (bench, exp) =>
    issuedFor(bench, await chainedRequest(bench), "upstream", { exp }),
  ),
  accepts(
    "9.1.1-11",
    "9.1.1/presented",
    "accepts an auth token of its own as presented_token",
    async (bench) => {
      const { text, jwt } = issued(await send(bench, requestFor(bench)));
      const resource_token = bench.world.resourceToken(jwt, { aud: bench.id });
      const answer = await send(
        bench,
        requestFor(bench, undefined, { presented_token: text, resource_token }),
      );
      return answer.status !== 200 && `it was answered ${describe(answer)}`;
    },
  ),
  accepts("10.2.3-31", "10.2.3/auth", "binds the auth token to the sub-agent's key", async (bench) => {
    const own = await subagentRequest(bench);
    return differs("its key", jktOf(await issuedFor(bench, own)), planIn(own, "resource").claims.agent_jkt);
  }),
];

const revokes = rowsOf<ServerBench>(...SERVER, "accept", REVOCATION);
const revocation: readonly Check<ServerBench>[] = [
  ...refusedRequests(...SERVER, request, revokedCases, REVOCATION),
  revokes(
    "11.12.4-03",
    "11.12.4/access",
    "revokes what it issued on a revoked person token",
    async (bench) => {
      const own = requestFor(bench);
      const { jwt } = await issuedFor(bench, own);
      having(
        200,
        await revoke(bench, bench.world.parties.ps, named(planIn(own, "presented"))),
        "the revocation",
      );
      const { resource } = bench.world.parties;
      const isRevoked = bench.received.some(
        ({ party, message }) => party === resource && message.body?.includes(String(jwt.claims.jti)),
      );
      return !isRevoked && "the resource has received no revocation";
    },
  ),
  revokes("11.12.1-11", "11.12.1/key", "ignores another person server's revocation", async (bench) => {
    const own = requestFor(bench);
    await revoke(bench, bench.world.parties["ps-other"], named(planIn(own, "presented")));
    const answer = await send(bench, own);
    return answer.status !== 200 && `the request was answered ${describe(answer)}`;
  }),
  ...revocationChecks<ServerBench>(...SERVER, ({ parties }) => parties.ps),
];

/** All checks of an access server, in the order in which they run. */
export const ACCESS_SERVER_CHECKS: readonly Check<ServerBench>[] = [
  ...documentChecks<ServerBench>(...SERVER, "aauth-access.json", []),
  ...keySetChecks<ServerBench>(...SERVER, []),
  ...messageChecks<ServerBench>(...SERVER, SIGNATURE_CASES, {
    traits: ["server", "body"],
    needs: [],
    subject: (bench) => ({
      plan: () => requestPlan(bench, requestFor(bench)),
      send: (wire) => bench.target.send(wire),
    }),
  }),
  ...tokens,
  ...refusedRequests(...SERVER, request, requestCases),
  ...refusedRequests(...SERVER, subagentRequest, subagentCases),
  ...refusedRequests(...SERVER, chainedRequest, upstreamCases),
  ...deferredChecks(...SERVER, ["decisions", "owner-scope"], async (bench) => {
    const own = requestFor(bench);
    planIn(own, "resource").claims.scope = bench.ownerScope;
    const { signer } = own;
    return { answer: having(202, await begin(bench, own)), signer, other: bench.world.parties["ps-other"] };
  }),
  ...revocation,
];
