/**
 * Checks of a person server. The suite plays agents, resources and an access server.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import { thumbprint } from "../judge/keys.ts";
import { SIGNATURE_CASES } from "../messages/cases.ts";
import { compose, tokenOf } from "../messages/plan.ts";
import { AGENT_TOKEN_CASES, COMMON_TOKEN_CASES } from "../messages/token-cases.ts";
import type { PlayedAgent } from "../peers/world.ts";
import { type Check, describe, passed, skipped } from "../suite/check.ts";
import { messageChecks } from "../suite/message-checks.ts";
import { rowsOf } from "../suite/rows.ts";
import { isServed } from "../suite/subject.ts";
import { deferredChecks } from "./deferred.ts";
import { documentChecks, keySetChecks } from "./documents.ts";
import { federationChecks } from "./federation.ts";
import { requirementOf } from "./resource-bench.ts";
import { problemFinding } from "./resource-tokens.ts";
import { revocationChecks, revoke } from "./revocation.ts";
import {
  agentSigner,
  begin,
  freshAgent,
  having,
  type IssuedToken,
  issued,
  planIn,
  pollLater,
  requestPlan,
  type ServerBench,
  send,
  settle,
  type TokenRequest,
} from "./server-bench.ts";
import {
  AUTH_TOKEN_FACTS,
  capped,
  claims,
  differs,
  type FactRow,
  type Facts,
  factRows,
  jktOf,
  PAIR_CASES,
  parameterCases,
  type RequestCase,
  refusedRequests,
  replaced,
} from "./token-requests.ts";

const SERVER = ["person-server", "PS"] as const;
const accepts = rowsOf<ServerBench>(...SERVER, "accept");
const refuses = rowsOf<ServerBench>(...SERVER, "refuse");
const DECISIONS = ["decisions"];

type AgentSigner = ReturnType<typeof agentSigner>;
type More = Readonly<Record<string, unknown>>;

/** A request for a person token; by default for the suite's resource. */
function personRequest(
  bench: ServerBench,
  signer: AgentSigner = agentSigner(bench),
  more: More = {},
): TokenRequest {
  const capabilities = ["interaction", "clarification"];
  const body = { resource: bench.world.parties.resource.id, capabilities, ...more };
  return { endpoint: "person_token_endpoint", signer, body };
}

const personToken = async (bench: ServerBench, signer?: AgentSigner, more?: More): Promise<IssuedToken> =>
  issued(await send(bench, personRequest(bench, signer, more)));

/** A request for an auth token, with the token that the agent showed to the resource. */
export async function authRequest(
  bench: ServerBench,
  {
    signer = agentSigner(bench),
    presented,
    holder = signer.agent,
    aud = bench.id,
    more = {},
  }: {
    readonly signer?: AgentSigner;
    readonly presented?: IssuedToken;
    /** Has the key of the tokens. Default: the signer. */
    readonly holder?: PlayedAgent;
    readonly aud?: string;
    readonly more?: More;
  } = {},
): Promise<TokenRequest> {
  const { text, jwt } = presented ?? (await personToken(bench, signer));
  const resource_token = bench.world.resourceToken(jwt, { aud, confirms: holder.key });
  const { body } = personRequest(bench, signer, { resource_token, presented_token: text, ...more });
  return { endpoint: "auth_token_endpoint", signer, body };
}

const pair = (bench: ServerBench): Promise<TokenRequest> => authRequest(bench);

/** The suite's agent, whose agent token ends then. */
const until = (bench: ServerBench, exp: number) => agentSigner(bench, bench.world.agent, { exp });

async function expiry({ world }: ServerBench, { jwt }: IssuedToken): Promise<void> {
  await sleep(Math.max(0, Number(jwt.claims.exp) - world.now() + 1) * 1000);
}

/** A person token that has expired, as its agent token ended early. */
async function expiredToken(bench: ServerBench, more: More = {}): Promise<IssuedToken> {
  await personToken(bench, undefined, more);
  const token = await personToken(bench, until(bench, bench.world.now() + 3), more);
  await expiry(bench, token);
  return token;
}

function subAgent(bench: ServerBench) {
  const { world } = bench;
  const agent = { ...freshAgent(bench), id: world.agent.id.replace("@", `+${crypto.randomUUID()}@`) };
  return { agent, token: agentSigner(bench, agent, { parent_agent: world.agent.id }).token };
}

async function subagentRequest(bench: ServerBench): Promise<TokenRequest> {
  const { agent, token } = subAgent(bench);
  const presented = await personToken(bench, undefined, { subagent_token: tokenOf(token) });
  return authRequest(bench, { presented, holder: agent, more: { subagent_token: token } });
}

/** The resource that calls another one for its caller. */
function intermediary(bench: ServerBench, name = "caller"): AgentSigner {
  const { intermediary: provider } = bench.world.parties;
  return agentSigner(bench, { provider, id: `aauth:${name}@${provider.host}`, key: provider.key });
}

/** A token that the agent shows to the intermediary. */
const upstream = (bench: ServerBench, signer?: AgentSigner): Promise<IssuedToken> =>
  personToken(bench, signer, { resource: bench.world.parties.intermediary.id });

const chainedRequest = async (bench: ServerBench): Promise<TokenRequest> =>
  personRequest(bench, intermediary(bench), { upstream_token: (await upstream(bench)).text });

const chained = (bench: ServerBench, { text }: IssuedToken): Promise<IssuedToken> =>
  personToken(bench, intermediary(bench), { upstream_token: text });

const PERSON_TOKEN_FACTS: readonly FactRow[] = [
  ["7.1.2-01", "7.1.2/typ", "issues person tokens of their typ", "typ", "aa-person+jwt"],
  ["7.1.2-02", "7.1.4/typ", "names its document in it", "dwk", "aauth-person.json"],
  ["7.1.2-03", "7.1/publish", "names itself as its issuer", "iss", (_: Facts, { id }: ServerBench) => id],
  ["7.1.2-04", "7.1.2/cnf", "binds it to the agent's key", "its key", (asked: Facts) => asked.key],
  ["7.1.2-05", "7.1.2/aud", "issues it for the resource", "aud", (asked: Facts) => asked.resource],
  ["7.1.2-06", "7.1.2/scope", "issues it without scope", "scope", undefined],
  ["7.1.2-07", "7.1.2/scope", "issues it without account", "account", undefined],
  ["7.1.2-08", "7.1.2/life", "issues it for an hour at most", "for an hour at most", true],
  ["7.1.2-09", "11.5.2/key", "signs it", "signed by a published key", true],
];

const RESOURCES = [
  ["7.1-11", "7.1/missing", "a request without resource", undefined],
  ["7.1-12", "7.1/missing", "a number as resource", 1],
  ["7.1-13", "7.1/resource", "an http identifier as resource", "http://resource.example"],
  ["7.1-14", "7.1/resource", "a resource with a path", "https://resource.example/path"],
  ["7.1-15", "7.1/resource", "a resource with a port", "https://resource.example:8443"],
  ["7.1-16", "7.1/resource", "a resource in upper case", "https://Resource.example"],
  ["7.1-17", "7.1/resource", "a resource with a final slash", "https://resource.example/"],
] as const;
const personCases: readonly RequestCase[] = [
  ...RESOURCES.map(([number, clause, flaw, resource]): RequestCase => {
    return [number, clause, flaw, ["invalid_request"], ({ body }) => Object.assign(body, { resource })];
  }),
  [
    "10.2.2-01",
    "10.2.2/direct",
    "a request that a sub-agent signs",
    [],
    (own, bench) => {
      const { agent, token } = subAgent(bench);
      own.signer = { token, key: agent.key };
    },
  ],
];

const presentedCases: readonly RequestCase[] = [
  [
    "6.7.2-61",
    "6.7.2/invalid",
    "a presented_token that is no JWT",
    ["invalid_presented_token"],
    replaced("presented", () => "a.b.c"),
  ],
  [
    "6.7.2-62",
    "11.5.2/key",
    "a presented_token that another key has signed",
    ["invalid_presented_token"],
    replaced("presented", async (bench, own) => {
      const { jwt, text } = await personToken(bench);
      Object.assign(planIn(own, "resource").claims, { presented_jti: jwt.claims.jti });
      return text.replace(/\.(.)(?=[^.]*$)/, (_, first) => `.${first === "A" ? "B" : "A"}`);
    }),
  ],
  [
    "6.7.2-63",
    "6.7.2/invalid",
    "a presented_token that has expired",
    ["expired_presented_token"],
    async ({ body }, bench) =>
      Object.assign(body, (await authRequest(bench, { presented: await expiredToken(bench) })).body),
  ],
  [
    "6.7.2-64",
    "6.7.2/substitute",
    "a presented_token of another key of the agent",
    ["invalid_presented_token"],
    async ({ body }, bench) => {
      const { agent } = bench.world;
      const presented = await personToken(
        bench,
        agentSigner(bench, { ...agent, key: freshAgent(bench).key }),
      );
      Object.assign(body, (await authRequest(bench, { presented })).body);
    },
  ],
];

const SUBAGENT = ["invalid_subagent_token"];
const subagentCases: readonly RequestCase[] = [
  ...parameterCases("subagent", "10.2.3", 1),
  [
    "10.2.3-21",
    "10.2.3/parent",
    "a subagent_token of another agent's sub-agent",
    SUBAGENT,
    claims("subagent", ({ parties }) => ({ parent_agent: `aauth:other@${parties.ap.host}` })),
  ],
  [
    "10.2.3-22",
    "10.2.3/parent",
    "a subagent_token without parent",
    SUBAGENT,
    claims("subagent", { parent_agent: undefined }),
  ],
  [
    "10.2.1-01",
    "10.2.1/iss",
    "a subagent_token of another agent provider",
    SUBAGENT,
    replaced("subagent", (bench) => {
      const { parties, agent } = bench.world;
      return agentSigner(bench, freshAgent(bench, parties["ap-other"]), { parent_agent: agent.id }).token;
    }),
  ],
  [
    "10.2.3-23",
    "10.2.3/jkt",
    "a resource_token for the parent's key",
    ["invalid_resource_token"],
    claims("resource", ({ agent }) => ({ agent_jkt: thumbprint(agent.key.publicJwk) })),
  ],
];

const UPSTREAM = ["invalid_upstream_token"];
const upstreamCases: readonly RequestCase[] = [
  [
    "9.4.5-01",
    "11.9.3/pattern",
    "an upstream_token that is no JWT",
    UPSTREAM,
    replaced("upstream", () => "a.b.c"),
  ],
  [
    "9.4.5-21",
    "9.4.5/typ",
    "an agent token upstream",
    UPSTREAM,
    replaced("upstream", (bench) => agentSigner(bench).token),
  ],
  [
    "9.4.5-22",
    "9.4.5/aud",
    "an upstream_token for another resource than the intermediary",
    UPSTREAM,
    replaced("upstream", async (bench) => (await personToken(bench)).text),
  ],
  [
    "9.4.5-23",
    "9.4.5/aud",
    "an intermediary with an agent token of another provider",
    UPSTREAM,
    (own, bench) => Object.assign(own, { signer: agentSigner(bench, freshAgent(bench)) }),
  ],
  [
    "9.4.5-24",
    "9.4.5/iss",
    "an upstream_token of another person server",
    UPSTREAM,
    replaced("upstream", ({ world }) => world.personToken(world.parties.intermediary.id)),
  ],
  [
    "9.4.5-25",
    "9.4.5/expired",
    "an upstream_token that has expired",
    ["expired_upstream_token"],
    replaced("upstream", async (bench) => {
      return (await expiredToken(bench, { resource: bench.world.parties.intermediary.id })).text;
    }),
  ],
];

const tokens: readonly Check<ServerBench>[] = [
  accepts("11.2.2-01", "11.2.2/floor", "publishes what every person server has", async ({ metadata }) => {
    const names = ["issuer", "jwks_uri", "auth_token_endpoint", "person_token_endpoint"];
    const absent = names.filter((name) => typeof metadata[name] !== "string");
    return absent.length > 0 && `there is no ${absent.join(", ")}`;
  }),
  ...factRows(accepts, PERSON_TOKEN_FACTS, async (bench) => {
    const { signer, body } = personRequest(bench);
    const key = thumbprint(bench.world.agent.key.publicJwk);
    return [await personToken(bench, signer as AgentSigner), { ...body, key }];
  }),
  rowsOf<ServerBench>(...SERVER, "accept", [], "should")(
    "9.4.1-31",
    "9.4.1/pairwise",
    "names the person differently at another resource",
    async (bench) => {
      const other = await personToken(bench, undefined, {
        resource: bench.world.parties["resource-other"].id,
      });
      return other.jwt.claims.sub === (await personToken(bench)).jwt.claims.sub && "sub is the same";
    },
  ),
  ...factRows(accepts, AUTH_TOKEN_FACTS, async (bench) => {
    const own = await pair(bench);
    const asked = planIn(own, "resource").claims;
    asked.account = "acme";
    return [issued(await send(bench, own)), asked];
  }),
  capped(accepts, "7.1.2-11", "7.1.2/life", "the agent token", (bench, exp) =>
    personToken(bench, until(bench, exp)),
  ),
  capped(accepts, "9.4.1-21", "9.4.1/presented", "the presented token", async (bench, exp) => {
    const presented = await personToken(bench, until(bench, exp));
    return issued(await send(bench, await authRequest(bench, { presented })));
  }),
  capped(accepts, "9.4.1-22", "9.4.1/life", "the agent token of the request", async (bench, exp) => {
    const presented = await personToken(bench);
    return issued(await send(bench, await authRequest(bench, { signer: until(bench, exp), presented })));
  }),
  ...refusedRequests(...SERVER, async (bench) => personRequest(bench), personCases),
  refuses("11.9.3-01", "11.9.3/request", "refuses a body that is not JSON", async (bench) => {
    await personToken(bench);
    const plan = requestPlan(bench, personRequest(bench));
    plan.body = "{";
    return problemFinding(await bench.target.send(compose(plan)), 400, "invalid_request");
  }),
  refuses("11.9.2-01", "11.9.2/format", "answers errors as problem documents", async (bench) => {
    const { fields } = having(400, await begin(bench, personRequest(bench, undefined, { resource: 1 })));
    return differs("Content-Type", fields["content-type"]?.split(";", 1)[0], "application/problem+json");
  }),
];

const delegation: readonly Check<ServerBench>[] = [
  accepts("10.2.3-31", "10.2.3/person", "binds a person token to the sub-agent's key", async (bench) => {
    const { agent, token } = subAgent(bench);
    const own = await personToken(bench, undefined, { subagent_token: tokenOf(token) });
    return differs("its key", jktOf(own), thumbprint(agent.key.publicJwk));
  }),
  accepts("10.2.3-32", "10.2.3/auth", "binds an auth token to the sub-agent's key", async (bench) => {
    const own = await subagentRequest(bench);
    const { agent_jkt } = planIn(own, "resource").claims;
    return differs("its key", jktOf(issued(await send(bench, own))), agent_jkt);
  }),
  ...refusedRequests(...SERVER, subagentRequest, subagentCases),
  accepts("10.1.1-01", "7.1/person", "issues for the person of the upstream token", async (bench) => {
    const { jwt } = await chained(bench, await upstream(bench));
    return differs("sub", jwt.claims.sub, (await personToken(bench)).jwt.claims.sub);
  }),
  accepts("10.1.1-02", "7.1.2/cnf", "binds the token of a chain to the intermediary's key", async (bench) => {
    const { publicJwk } = bench.world.parties.intermediary.key;
    return differs("its key", jktOf(await chained(bench, await upstream(bench))), thumbprint(publicJwk));
  }),
  capped(accepts, "10.1.1-03", "10.1.1/expires", "the upstream token", async (bench, exp) =>
    chained(bench, await upstream(bench, until(bench, exp))),
  ),
  capped(accepts, "10.1.1-04", "9.4.1/upstream", "the upstream token, as auth token", async (bench, exp) => {
    const signer = intermediary(bench);
    const presented = await chained(bench, await upstream(bench));
    const upstream_token = (await upstream(bench, until(bench, exp))).text;
    return issued(
      await send(bench, await authRequest(bench, { signer, presented, more: { upstream_token } })),
    );
  }),
  ...refusedRequests(...SERVER, chainedRequest, upstreamCases),
];

/** A request of an agent that the target has never seen, which waits for a person. */
async function waiting(bench: ServerBench) {
  const signer = agentSigner(bench, freshAgent(bench));
  const answer = having(202, await begin(bench, personRequest(bench, signer)));
  return { answer, signer, other: agentSigner(bench) };
}

const asked = rowsOf<ServerBench>(...SERVER, "refuse", DECISIONS);
const deferred: readonly Check<ServerBench>[] = [
  ...deferredChecks(...SERVER, DECISIONS, waiting),
  asked(
    "7.1-21",
    "7.1/capabilities",
    "sends no person to a page through an agent that cannot",
    async (bench) => {
      const { answer, signer } = await waiting(bench);
      if (requirementOf(answer)?.value !== "interaction") return skipped("the person needs no page");
      const without = await begin(bench, personRequest(bench, signer, { capabilities: [] }));
      if (without.status === 202 && requirementOf(without)?.value !== "interaction") return passed;
      return problemFinding(without, 403, "user_unreachable");
    },
  ),
  asked("7.2.2-01", "7.2.2/pending", "keeps requests of one agent apart", async (bench) => {
    const { answer, signer } = await waiting(bench);
    const resource = bench.world.parties["resource-other"].id;
    const second = await begin(bench, personRequest(bench, signer, { resource }));
    having(403, await settle(bench, signer, second, "deny"), "the refused one");
    const first = await settle(bench, signer, answer);
    return first.status !== 200 && `the approved one was answered ${describe(first)}`;
  }),
  asked("10.1.1-05", "10.1.1/pending", "ends a request whose upstream token expires", async (bench) => {
    await upstream(bench);
    const signer = intermediary(bench, crypto.randomUUID());
    const ending = await upstream(bench, until(bench, bench.world.now() + 4));
    const answer = await begin(bench, personRequest(bench, signer, { upstream_token: ending.text }));
    if (answer.status !== 202) return skipped("a call for another's person needs no decision");
    await expiry(bench, ending);
    return problemFinding(await pollLater(bench, answer, signer), 408, "expired");
  }),
];

const revokes = ["revocation_endpoint", ...DECISIONS];
const revocable = rowsOf<ServerBench>(...SERVER, "refuse", revokes);
const cascades = rowsOf<ServerBench>(...SERVER, "refuse", revokes, "should");

/** Revokes the agent token of a signer. */
async function revokeAgent(bench: ServerBench, { token }: AgentSigner): Promise<void> {
  const { jti, exp } = token.claims;
  having(200, await revoke(bench, bench.world.parties.ap, { jti, exp }), "the revocation");
}

/** An agent that was revoked after it got a token. */
async function revokedAgent(bench: ServerBench, more?: More) {
  const signer = agentSigner(bench, freshAgent(bench));
  const presented = await personToken(bench, signer, more);
  await revokeAgent(bench, signer);
  return { signer, presented, again: agentSigner(bench, signer.agent) };
}

const revocation: readonly Check<ServerBench>[] = [
  revocable("11.12.4-01", "11.12.4/agent", "refuses a revoked agent token", async (bench) => {
    const { signer } = await revokedAgent(bench);
    const answer = await begin(bench, personRequest(bench, signer));
    return isServed(answer) ? "it was served" : differs("the code", answer.code, "revoked_jwt");
  }),
  cascades("11.12.4-02", "11.12.4/cascade", "refuses what a revoked agent has got", async (bench) => {
    const { presented, again } = await revokedAgent(bench);
    const answer = await send(bench, await authRequest(bench, { signer: again, presented }));
    return problemFinding(answer, 400, "revoked_presented_token");
  }),
  cascades("11.12.4-03", "11.12.4/cascade", "revokes at the resource what it has issued", async (bench) => {
    const { presented } = await revokedAgent(bench);
    const { resource } = bench.world.parties;
    const isRevoked = bench.received.some(
      ({ party, message }) => party === resource && message.body?.includes(String(presented.jwt.claims.jti)),
    );
    return !isRevoked && "the resource has received no revocation";
  }),
  cascades(
    "11.12.4-04",
    "11.12.4/pending",
    "ends a request that waits for a revoked agent",
    async (bench) => {
      const { answer, signer } = await waiting(bench);
      await revokeAgent(bench, signer);
      return problemFinding(await pollLater(bench, answer, agentSigner(bench, signer.agent)), 403, "revoked");
    },
  ),
  revocable("9.4.5-31", "9.4.5/revoked", "refuses an upstream_token of a revoked agent", async (bench) => {
    const { presented } = await revokedAgent(bench, { resource: bench.world.parties.intermediary.id });
    const own = personRequest(bench, intermediary(bench), { upstream_token: presented.text });
    return problemFinding(await send(bench, own), 400, "revoked_upstream_token");
  }),
  rowsOf<ServerBench>(...SERVER, "accept", ["revocation_endpoint"])(
    "11.12.1-11",
    "11.12.1/key",
    "ignores the revocation of another provider's agent token",
    async (bench) => {
      const signer = agentSigner(bench);
      const { jti, exp } = signer.token.claims;
      await revoke(bench, bench.world.parties["ap-other"], { jti, exp });
      const answer = await send(bench, personRequest(bench, signer));
      return answer.status !== 200 && `the request was answered ${describe(answer)}`;
    },
  ),
  ...refusedRequests(
    ...SERVER,
    pair,
    [
      [
        "11.12.4-05",
        "11.12.4/resource",
        "a revoked resource_token",
        ["revoked_resource_token"],
        (own, bench) => {
          const { jti, exp } = planIn(own, "resource").claims;
          return revoke(bench, bench.world.parties.resource, { jti, exp });
        },
      ],
    ],
    ["revocation_endpoint"],
  ),
  ...revocationChecks<ServerBench>(...SERVER, ({ parties }) => parties.ap),
];

/** All checks of a person server, in the order in which they run. */
export const PERSON_SERVER_CHECKS: readonly Check<ServerBench>[] = [
  ...documentChecks<ServerBench>(...SERVER, "aauth-person.json", []),
  ...keySetChecks<ServerBench>(...SERVER, []),
  ...tokens,
  ...messageChecks<ServerBench>(
    ...SERVER,
    [...SIGNATURE_CASES, ...COMMON_TOKEN_CASES, ...AGENT_TOKEN_CASES],
    {
      traits: ["jwt", "body"],
      needs: [],
      subject: (bench) => ({
        plan: () => requestPlan(bench, personRequest(bench)),
        send: (wire) => bench.target.send(wire),
      }),
    },
  ),
  ...refusedRequests(...SERVER, pair, [...PAIR_CASES, ...presentedCases]),
  ...delegation,
  ...deferred,
  ...federationChecks((bench) => authRequest(bench, { aud: bench.world.parties.as.id })),
  ...revocation,
];
