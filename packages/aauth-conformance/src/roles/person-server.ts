/**
 * Checks of a person server. The suite plays agents, resources and an access server.
 *
 * @module
 */

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { decodeJwt } from "../judge/jws.ts";
import { thumbprint } from "../judge/keys.ts";
import { AGENT_CASES, BODY_CASES, SIGNATURE_CASES } from "../messages/cases.ts";
import { tokenOf } from "../messages/plan.ts";
import { AGENT_TOKEN_CASES, COMMON_TOKEN_CASES } from "../messages/token-cases.ts";
import { freshAgent, type PlayedAgent } from "../peers/world.ts";
import { type Check, differs, passed, skipped } from "../suite/check.ts";
import { checksOf, pairOf, type Spec } from "../suite/rows.ts";
import { caseRows, isServed, problemFinding } from "../suite/subject.ts";
import { messageSubject, requirementOf } from "./bench.ts";
import { deferredRows } from "./deferred.ts";
import { documentRows, keySetRows } from "./documents.ts";
import { federationRows } from "./federation.ts";
import { revocationRows } from "./revocation.ts";
import {
  agentSigner,
  begin,
  having,
  type IssuedToken,
  issued,
  planIn,
  pollLater,
  requestPlan,
  revokeNamed,
  type ServerBench,
  send,
  settle,
  type TokenRequest,
  wasRevoked,
} from "./server-bench.ts";
import * as T from "./token-requests.ts";

const DECISIONS = ["decisions"];
const REVOCATION = ["revocation_endpoint"];
const { accepts } = pairOf<ServerBench>();
const asked = pairOf<ServerBench>(DECISIONS);
const revocable = pairOf<ServerBench>([...REVOCATION, ...DECISIONS]);
const cascades = pairOf<ServerBench>([...REVOCATION, ...DECISIONS], "should");

type AgentSigner = ReturnType<typeof agentSigner>;
type More = Readonly<Record<string, unknown>>;

/** A request for a person token; by default of the suite's agent for the suite's resource. */
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

interface Shown {
  readonly signer?: AgentSigner;
  readonly presented?: IssuedToken;
  /** Has the key of the tokens. Default: the signer. */
  readonly holder?: PlayedAgent;
  readonly aud?: string;
  readonly more?: More;
}

/** A request for an auth token, with the token that the agent showed to the resource. */
async function authRequest(bench: ServerBench, shown: Shown = {}): Promise<TokenRequest> {
  const { signer = agentSigner(bench), holder = signer.agent, aud = bench.id, more } = shown;
  const { text, jwt } = shown.presented ?? (await personToken(bench, signer));
  const resource_token = bench.world.resourceToken(jwt, { aud, confirms: holder.key });
  const { body } = personRequest(bench, signer, { resource_token, presented_token: text, ...more });
  return { endpoint: "auth_token_endpoint", signer, body };
}

const authToken = async (bench: ServerBench, shown?: Shown): Promise<IssuedToken> =>
  issued(await send(bench, await authRequest(bench, shown)));

/** The suite's agent, whose agent token ends then. */
const until = (bench: ServerBench, exp: number) => agentSigner(bench, bench.world.agent, { exp });

const expiry = ({ world }: ServerBench, { jwt }: IssuedToken): Promise<void> =>
  sleep(Math.max(0, Number(jwt.claims.exp) - world.now() + 1) * 1000);

/** A person token that has expired, as its agent token ended early. */
async function expiredToken(bench: ServerBench, more: More = {}): Promise<IssuedToken> {
  await personToken(bench, undefined, more);
  const token = await personToken(bench, until(bench, bench.world.now() + 3), more);
  await expiry(bench, token);
  return token;
}

function subAgent(bench: ServerBench) {
  const { id } = bench.world.agent;
  const agent = { ...freshAgent(bench.world), id: id.replace("@", `+${randomUUID()}@`) };
  return { agent, token: agentSigner(bench, agent, { parent_agent: id }).token };
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

const chainedRequest = async (bench: ServerBench, token?: IssuedToken): Promise<TokenRequest> =>
  personRequest(bench, intermediary(bench), { upstream_token: (token ?? (await upstream(bench))).text });

const chained = async (bench: ServerBench, token?: IssuedToken): Promise<IssuedToken> =>
  issued(await send(bench, await chainedRequest(bench, token)));

const PERSON_TOKEN_FACTS: readonly T.FactRow[] = [
  ["7.1.2-01", "7.1.2/typ", "issues person tokens of their typ", "typ", "aa-person+jwt"],
  ["7.1.2-02", "7.1.4/typ", "names its document in it", "dwk", "aauth-person.json"],
  ["7.1.2-03", "7.1/publish", "names itself as its issuer", "iss", (_: T.Facts, { id }: ServerBench) => id],
  ["7.1.2-04", "7.1.2/cnf", "binds it to the agent's key", "its key", (own: T.Facts) => own.key],
  ["7.1.2-05", "7.1.2/aud", "issues it for the resource", "aud", (own: T.Facts) => own.resource],
  ["7.1.2-06", "7.1.2/scope", "issues it without scope", "scope", undefined],
  ["7.1.2-07", "7.1.2/scope", "issues it without account", "account", undefined],
  ["7.1.2-08", "7.1.2/life", "issues it for an hour at most", "for an hour at most", true],
  ["7.1.2-09", "11.5.2/key", "signs it", "the problem of its signature", false],
];

const asResource =
  (resource: unknown): T.Change =>
  ({ body }) =>
    Object.assign(body, { resource });
const bySubAgent: T.Change = (own, bench) => {
  const { agent, token } = subAgent(bench);
  own.signer = { token, key: agent.key };
};

const { request: REQUEST, presented: PRESENTED, upstream: UPSTREAM, subagent: SUBAGENT } = T.INVALID;
const personCases: readonly T.RequestCase[] = [
  ["7.1-11", "7.1/missing", "a request without resource", asResource(undefined), REQUEST],
  ["7.1-12", "7.1/missing", "a number as resource", asResource(1), REQUEST],
  ["7.1-13", "7.1/resource", "an http resource", asResource("http://resource.example"), REQUEST],
  ["7.1-14", "7.1/resource", "a resource with a path", asResource("https://resource.example/path"), REQUEST],
  ["7.1-15", "7.1/resource", "a resource with a port", asResource("https://resource.example:8443"), REQUEST],
  ["7.1-16", "7.1/resource", "a resource in upper case", asResource("https://Resource.example"), REQUEST],
  ["7.1-17", "7.1/resource", "a resource with a slash", asResource("https://resource.example/"), REQUEST],
  ["10.2.2-01", "10.2.2/direct", "a request that a sub-agent signs", bySubAgent, ""],
];

/** The tokens of a request with another presented token. */
const presenting =
  (token: (bench: ServerBench) => Promise<IssuedToken>): T.Change =>
  async ({ body }, bench) =>
    Object.assign(body, (await authRequest(bench, { presented: await token(bench) })).body);
const ofAnotherKey = presenting((bench) =>
  personToken(bench, agentSigner(bench, { ...bench.world.agent, key: freshAgent(bench.world).key })),
);
const late = presenting(expiredToken);
const resigned = T.replaced("presented", ({ world: { unknownKey: key } }, { body }) => {
  return { ...decodeJwt(String(body.presented_token)), key };
});

const pairCases: readonly T.RequestCase[] = [
  ...T.PAIR_CASES,
  ["6.7.2-61", "6.7.2/invalid", "a presented_token that is no JWT", T.malformed("presented"), PRESENTED],
  ["6.7.2-62", "11.5.2/key", "a presented_token that another key has signed", resigned, PRESENTED],
  ["6.7.2-63", "6.7.2/invalid", "an expired presented_token", late, "expired_presented_token"],
  ["6.7.2-64", "6.7.2/substitute", "a presented_token of the agent's other key", ofAnotherKey, PRESENTED],
];

const ofAnotherProvider = T.replaced("subagent", (bench) => {
  const { parties, agent } = bench.world;
  return agentSigner(bench, freshAgent(bench.world, parties["ap-other"]), { parent_agent: agent.id }).token;
});
const subagentCases: readonly T.RequestCase[] = [
  ...T.SUBAGENT_CASES,
  ["10.2.1-01", "10.2.1/iss", "a subagent_token of another provider", ofAnotherProvider, SUBAGENT],
];

const forOther = T.replaced("upstream", async (bench) => (await personToken(bench)).text);
const byAgent: T.Change = (own, bench) => {
  own.signer = agentSigner(bench, freshAgent(bench.world));
};
const ofOther = T.replaced("upstream", ({ world }) => world.personToken(world.parties.intermediary.id));
const lateUpstream = T.replaced("upstream", async (bench) => {
  return (await expiredToken(bench, { resource: bench.world.parties.intermediary.id })).text;
});
const upstreamCases: readonly T.RequestCase[] = [
  ["9.4.5-01", "11.9.3/pattern", "an upstream_token that is no JWT", T.malformed("upstream"), UPSTREAM],
  ["9.4.5-21", "9.4.5/typ", "an agent token as upstream_token", T.agentInstead("upstream"), UPSTREAM],
  ["9.4.5-22", "9.4.5/aud", "an upstream_token for another resource", forOther, UPSTREAM],
  ["9.4.5-23", "9.4.5/aud", "an intermediary of another provider", byAgent, UPSTREAM],
  ["9.4.5-24", "9.4.5/iss", "an upstream_token of another person server", ofOther, UPSTREAM],
  ["9.4.5-25", "9.4.5/expired", "an expired upstream_token", lateUpstream, "expired_upstream_token"],
];

const caps: readonly Spec<ServerBench>[] = [
  T.capped("7.1.2-11", "7.1.2/life", "the agent token", (bench, exp) =>
    personToken(bench, until(bench, exp)),
  ),
  T.capped("9.4.1-21", "9.4.1/presented", "the presented token", async (bench, exp) =>
    authToken(bench, { presented: await personToken(bench, until(bench, exp)) }),
  ),
  T.capped("9.4.1-22", "9.4.1/life", "the agent token, as auth token", async (bench, exp) =>
    authToken(bench, { signer: until(bench, exp), presented: await personToken(bench) }),
  ),
  T.capped("10.1.1-03", "10.1.1/expires", "the upstream token", async (bench, exp) =>
    chained(bench, await upstream(bench, until(bench, exp))),
  ),
  T.capped("10.1.1-04", "9.4.1/upstream", "the upstream token, as auth token", async (bench, exp) => {
    const presented = await chained(bench);
    const upstream_token = (await upstream(bench, until(bench, exp))).text;
    return authToken(bench, { signer: intermediary(bench), presented, more: { upstream_token } });
  }),
];

/** A request of an agent that the target has never seen, which waits for a person. */
async function waiting(bench: ServerBench) {
  const signer = agentSigner(bench, freshAgent(bench.world));
  const answer = having(202, await begin(bench, personRequest(bench, signer)));
  return { answer, signer, other: agentSigner(bench) };
}

/** An agent that was revoked after it got a token. */
async function revokedAgent(bench: ServerBench, more?: More) {
  const signer = agentSigner(bench, freshAgent(bench.world));
  const presented = await personToken(bench, signer, more);
  await revokeNamed(bench, "ap", signer.token);
  return { signer, presented, again: agentSigner(bench, signer.agent) };
}

const revokedResource: T.Change = (own, bench) => revokeNamed(bench, "resource", planIn(own, "resource"));
const revokedCases: readonly T.RequestCase[] = [
  ["11.12.4-05", "11.12.4/resource", "a revoked resource_token", revokedResource, "revoked_resource_token"],
];

/** All checks of a person server, in the order in which they run. */
export const PERSON_SERVER_CHECKS: readonly Check<ServerBench>[] = checksOf("person-server", [
  ...documentRows("aauth-person.json"),
  ...keySetRows(),
  accepts("11.2.2-01", "11.2.2/floor", "publishes what every person server has", ({ metadata }) => {
    const names = ["issuer", "jwks_uri", "auth_token_endpoint", "person_token_endpoint"];
    const absent = names.filter((name) => typeof metadata[name] !== "string");
    return absent.length > 0 && `there is no ${absent.join(", ")}`;
  }),
  ...T.factRows(PERSON_TOKEN_FACTS, async (bench) => {
    const { body } = personRequest(bench);
    return [await personToken(bench), { ...body, key: thumbprint(bench.world.agent.key.publicJwk) }];
  }),
  ...T.factRows(T.AUTH_TOKEN_FACTS, async (bench) => {
    const own = await authRequest(bench);
    const { claims } = planIn(own, "resource");
    claims.account = "acme";
    return [issued(await send(bench, own)), claims];
  }),
  ...caps,
  pairOf<ServerBench>([], "should").accepts(
    "9.4.1-31",
    "9.4.1/pairwise",
    "names the person differently at another resource",
    async (bench) => {
      const { sub } = (await personToken(bench)).jwt.claims;
      return (await upstream(bench)).jwt.claims.sub === sub && "sub is the same";
    },
  ),
  ...caseRows(
    messageSubject((bench: ServerBench) => requestPlan(bench, personRequest(bench))),
    [...SIGNATURE_CASES, ...BODY_CASES, ...AGENT_CASES, ...COMMON_TOKEN_CASES, ...AGENT_TOKEN_CASES],
  ),
  ...T.refusedRequests(personRequest, personCases),
  ...T.requestRows(personRequest),
  ...T.refusedRequests(authRequest, pairCases),
  accepts("10.2.3-31", "10.2.3/person", "binds a person token to the sub-agent's key", async (bench) => {
    const { agent, token } = subAgent(bench);
    const own = await personToken(bench, undefined, { subagent_token: tokenOf(token) });
    return differs("its key", T.jktOf(own), thumbprint(agent.key.publicJwk));
  }),
  accepts("10.2.3-32", "10.2.3/auth", "binds an auth token to the sub-agent's key", async (bench) => {
    const own = await subagentRequest(bench);
    const { agent_jkt } = planIn(own, "resource").claims;
    return differs("its key", T.jktOf(issued(await send(bench, own))), agent_jkt);
  }),
  ...T.refusedRequests(subagentRequest, subagentCases),
  accepts("10.1.1-01", "7.1/person", "issues for the person of the upstream token", async (bench) => {
    const { sub } = (await personToken(bench)).jwt.claims;
    return differs("sub", (await chained(bench)).jwt.claims.sub, sub);
  }),
  accepts("10.1.1-02", "7.1.2/cnf", "binds a chained token to the intermediary's key", async (bench) =>
    differs("its key", T.jktOf(await chained(bench)), thumbprint(intermediary(bench).key.publicJwk)),
  ),
  ...T.refusedRequests(chainedRequest, upstreamCases),
  ...deferredRows(DECISIONS, waiting),
  asked.refuses(
    "7.1-21",
    "7.1/capabilities",
    "sends no person through an agent that cannot",
    async (bench) => {
      const { answer, signer } = await waiting(bench);
      if (requirementOf(answer)?.value !== "interaction") return skipped("the person needs no page");
      const without = await begin(bench, personRequest(bench, signer, { capabilities: [] }));
      if (without.status === 202 && requirementOf(without)?.value !== "interaction") return passed;
      return problemFinding(without, 403, "user_unreachable");
    },
  ),
  asked.refuses("7.2.2-01", "7.2.2/pending", "keeps requests of one agent apart", async (bench) => {
    const { answer, signer } = await waiting(bench);
    const resource = bench.world.parties["resource-other"].id;
    const second = await begin(bench, personRequest(bench, signer, { resource }));
    having(403, await settle(bench, signer, second, "deny"), "the refused one");
    return differs("the status of the other", (await settle(bench, signer, answer)).status, 200);
  }),
  asked.refuses("10.1.1-05", "10.1.1/pending", "ends a request with its upstream token", async (bench) => {
    await upstream(bench);
    const signer = intermediary(bench, randomUUID());
    const ending = await upstream(bench, until(bench, bench.world.now() + 4));
    const answer = await begin(bench, personRequest(bench, signer, { upstream_token: ending.text }));
    if (answer.status !== 202) return skipped("a call for another's person needs no decision");
    await expiry(bench, ending);
    return problemFinding(await pollLater(bench, answer, signer), 408, "expired");
  }),
  ...federationRows((bench) => authRequest(bench, { aud: bench.world.parties.as.id })),
  ...T.refusedRequests(authRequest, revokedCases, REVOCATION),
  revocable.refuses("11.12.4-01", "11.12.4/agent", "refuses a revoked agent token", async (bench) => {
    const { signer } = await revokedAgent(bench);
    const answer = await begin(bench, personRequest(bench, signer));
    return isServed(answer) ? "it was served" : differs("the code", answer.code, "revoked_jwt");
  }),
  cascades.refuses("11.12.4-02", "11.12.4/cascade", "refuses what a revoked agent has got", async (bench) => {
    const { presented, again } = await revokedAgent(bench);
    const answer = await send(bench, await authRequest(bench, { signer: again, presented }));
    return problemFinding(answer, 400, "revoked_presented_token");
  }),
  cascades.accepts("11.12.4-03", "11.12.4/cascade", "revokes at the resource what it issued", async (bench) =>
    wasRevoked(bench, (await revokedAgent(bench)).presented.jwt),
  ),
  cascades.refuses("11.12.4-04", "11.12.4/pending", "ends a request of a revoked agent", async (bench) => {
    const { answer, signer } = await waiting(bench);
    await revokeNamed(bench, "ap", signer.token);
    return problemFinding(await pollLater(bench, answer, agentSigner(bench, signer.agent)), 403, "revoked");
  }),
  revocable.refuses(
    "9.4.5-31",
    "9.4.5/revoked",
    "refuses an upstream_token of a revoked agent",
    async (bench) => {
      const { presented } = await revokedAgent(bench, { resource: bench.world.parties.intermediary.id });
      return problemFinding(
        await send(bench, await chainedRequest(bench, presented)),
        400,
        "revoked_upstream_token",
      );
    },
  ),
  revocable.accepts("11.12.1-11", "11.12.1/key", "ignores another provider's revocation", async (bench) => {
    const signer = agentSigner(bench);
    await revokeNamed(bench, "ap-other", signer.token);
    return differs("the status", (await send(bench, personRequest(bench, signer))).status, 200);
  }),
  ...revocationRows(({ parties }) => parties.ap),
]);
