/**
 * What agents ask of a person server: verified, put into the words of {@link AskedRequest}, and begun (draft -11, sections 7.1, 7.2, 7.5, 7.6, 9.4.5 and 10).
 *
 * @module
 */

import type { Discovery } from "../discovery/discovery.ts";
import { guardUrl } from "../discovery/url-guard.ts";
import type { AgentTokenClaims } from "../draft-11/claims.ts";
import { isEndpointUrl, isServerIdentifier } from "../draft-11/identifiers.ts";
import { TOKEN_TYPES } from "../draft-11/names.ts";
import { verifySubagentToken } from "../draft-11/verify-tokens.ts";
import { AAuthVerificationError } from "../errors.ts";
import type { Answer } from "../profile/resource-rules.ts";
import { ownerOf } from "../store/owner-of.ts";
import { scopesOf } from "../tokens/scopes.ts";
import { trusts } from "../tokens/trust.ts";
import type { VerificationKey } from "../types.ts";
import { invalidRequest, Problem } from "./answers.ts";
import { assertionsOf, assertionsOfResource, isText, listOf } from "./assertions.ts";
import { Limit } from "./limit.ts";
import { type PendingRequests, randomName } from "./pending-requests.ts";
import type { AgentTokenName, PersonRecords, TokenRecord } from "./person-records.ts";
import type {
  PersonPending as Pending,
  PersonServerOptions,
  PersonWork as Work,
} from "./person-server-types.ts";
import { MAX_AHEAD_SECONDS, type Revocations } from "./revocations.ts";
import { type Call, ownerKey, waitingOf } from "./server-frame.ts";
import {
  audienceOf,
  checking,
  dependenciesOf,
  dependency,
  requiredPair,
  requireNoMoreThanGranted,
  requireSameParties,
  type TokenPair,
  tokenOf,
  type VerifiedPair,
  verifyPair,
  verifyUpstream,
  withPair,
} from "./token-parameters.ts";
import type { AgentAssertions, AgentIdentity, AskedRequest } from "./types.ts";

type Members = Readonly<Record<string, unknown>>;

/** Different resources that one agent, and that all agents of one owner, may name in an hour. */
const MAX_RESOURCES = 50;
const MAX_RESOURCES_OF_OWNER = 2_000;
const RESOURCE_SECONDS = 3_600;

export interface PersonRequestsContext {
  readonly options: Pick<PersonServerOptions, "issuer" | "accessServers" | "personOf" | "canReach">;
  readonly discovery: Discovery;
  readonly isRevoked: Revocations["isRevoked"];
  readonly records: PersonRecords;
  readonly pending: PendingRequests<Work>;
  readonly pendingSeconds: number;
  readonly subjectOf: (person: string, resource: string) => Promise<string>;
  readonly now: () => number;
  readonly log: (error: unknown) => void;
}

/** The handlers of the endpoints that agents call. @throws (from each) Problem */
export function createPersonRequests(context: PersonRequestsContext) {
  const { options, discovery, isRevoked, records, pending, pendingSeconds, subjectOf, now, log } = context;
  const { issuer, accessServers = [], personOf, canReach } = options;
  const resources = new Limit({
    ...{ now, maxPerMember: MAX_RESOURCES, maxPerOwner: MAX_RESOURCES_OF_OWNER, maxEntries: 20_000 },
  });

  /** Who issues auth tokens here: this server, and the access servers that it asks. */
  const isIssuer = (id: string) => id === issuer || trusts(accessServers, id);

  return { personTokenRequest, authTokenRequest, interactionRequest, answerRequest };

  /** Who asks, for whom, with which key: what both token endpoints have in common. */
  async function readParties({ caller, token, members }: Call) {
    const claims = readAgentToken(caller);
    const agent: AgentIdentity = { iss: claims.iss, sub: claims.sub };
    refuseMission(members);
    const subagentToken = tokenOf(members, "subagent_token");
    const upstreamToken = tokenOf(members, "upstream_token");
    // An intermediary acts for every person that it serves, and has its own person server, or none
    // (section 10.1.1).
    if (upstreamToken === undefined) requireOwnAgent(claims);
    const depends = [dependency("agent token", TOKEN_TYPES.agent, claims)];
    const common = { discovery, isRevoked, now, log };

    const parent = { claims, key: { thumbprint: caller.thumbprint } as VerificationKey };
    const subagent =
      subagentToken === undefined
        ? undefined
        : await checking("subagent", log, async () => {
            const opened = await verifySubagentToken(subagentToken, { ...common, parent });
            requireRevocable(opened.claims); // hole T6
            return opened;
          });
    if (subagent !== undefined)
      depends.push(dependency("sub-agent token", TOKEN_TYPES.agent, subagent.claims));

    const upstream = upstreamToken === undefined ? undefined : await readUpstream(upstreamToken, agent);
    if (upstream !== undefined) depends.push(dependency("upstream token", upstream.type, upstream.claims));

    const person = upstream?.record.person ?? (await personBehind(agent));
    const ends = [claims.exp, subagent?.claims.exp, upstream?.claims.exp].filter((exp) => exp !== undefined);
    const work: Work = {
      agentTokens: [claims, ...(subagent === undefined ? [] : [subagent.claims])].map(agentTokenName),
      confirmationKey: subagent?.key.publicJwk ?? caller.key,
      thumbprint: subagent?.key.thumbprint ?? caller.thumbprint,
      notAfter: Math.min(...ends),
      ...(upstream !== undefined && { upstream: { iss: upstream.claims.iss, jti: upstream.claims.jti } }),
      tokens: {
        agent: token!,
        ...(subagentToken !== undefined && { subagent: subagentToken }),
        ...(upstreamToken !== undefined && { upstream: upstreamToken }),
      },
    };
    const asked = {
      agent,
      ...(subagent !== undefined && { subagent: subagent.claims.sub }),
      ...(person !== undefined && { person }),
      ...(upstream !== undefined && {
        upstream: upstream.claims.aud,
        calledBy: { agent: upstream.record.agent, type: upstream.record.type },
      }),
      consented: false,
      capabilities: listOf(members, "capabilities"),
      fromAgent: assertionsOf(members),
    };
    return { agent, asked, work, depends, person, isChained: upstream !== undefined };
  }

  /** Section 9.4.5: the token that the agent was called with itself, and who had got it from here. */
  async function readUpstream(token: string, agent: AgentIdentity) {
    const invalid = (why: string) => new Problem(400, "invalid_upstream_token", why);
    const common = { discovery, isRevoked, now, log };
    const expected = { audience: agent.iss, personServer: issuer, issuers: isIssuer };
    const { type, claims } = await verifyUpstream(token, expected, common);
    const record = await records.tokens.get(claims);
    if (record === undefined || record.resource !== claims.aud || record.subject !== claims.sub) {
      throw invalid("the upstream token is of no agent that is known here");
    }
    const standing = await records.standing(record.person, record.agent);
    const { iss } = record.agent;
    const areRevoked = await Promise.all(record.agentTokens.map(({ jti }) => isRevoked({ iss, jti })));
    // hole T13
    if (areRevoked.includes(true) || standing.isRevoked) {
      throw new Problem(
        400,
        "revoked_upstream_token",
        "the agent that was given the upstream token is revoked",
      );
    }
    return { type, claims, record };
  }

  function readAgentToken({ identityToken }: Call["caller"]): AgentTokenClaims {
    const claims = identityToken as unknown as AgentTokenClaims;
    requireRevocable(claims); // hole T6
    return claims;
  }

  /** Revocations are kept for no longer, and so nothing longer may depend on one (section 11.12.1). */
  function requireRevocable({ exp }: AgentTokenClaims): void {
    if (exp <= now() + MAX_AHEAD_SECONDS) return;
    throw new AAuthVerificationError("malformed_token", "the agent token is good for more than a day", {
      claim: "exp",
    });
  }

  /** The agent's provider names its person server, and no agent chooses another. */
  function requireOwnAgent({ ps }: AgentTokenClaims): void {
    if (ps === issuer) return; // hole S32d
    throw new AAuthVerificationError("malformed_token", "the agent token does not name this person server", {
      claim: "ps",
    });
  }

  async function personBehind(agent: AgentIdentity): Promise<string | undefined> {
    const binding = await records.binding(agent);
    if (binding !== undefined) return binding.person;
    const person = await personOf?.(agent);
    if (person !== undefined) await records.bind(agent, person);
    return person;
  }

  async function personTokenRequest(request: Call): Promise<Answer> {
    const { caller, members } = request;
    const { resource } = members;
    if (typeof resource !== "string" || !isServerIdentifier(resource)) {
      throw invalidRequest("resource must be a server identifier");
    }
    const { agent, asked, work, depends } = await readParties(request);
    if (!resources.admits(ownerOf(agent.iss), resource, RESOURCE_SECONDS, ownerKey(caller))) {
      throw new Problem(
        429,
        "slow_down",
        "the agent asks for too many different resources",
        RESOURCE_SECONDS,
      );
    }
    const fromResource = await assertionsOfResource(discovery, resource, []);
    return pending.begin(
      {
        owner: ownerKey(caller),
        asked: { ...asked, kind: "person-token", resource, scopes: [], fromResource },
        work,
        depends,
        expiresAt: Math.min(now() + pendingSeconds, work.notAfter),
      },
      waitingOf(request),
    );
  }

  async function authTokenRequest(request: Call): Promise<Answer> {
    const { caller, members } = request;
    const tokens = requiredPair(members);
    const { agent, asked, work, depends, isChained } = await readParties(request);
    const pair = await readPair(tokens, work);
    const known = await presentedRecord(pair, agent);
    if (known.upstream !== undefined && !isChained) throw invalidRequest("upstream_token is required"); // hole T11
    // hole T11
    if (asked.person !== known.person) {
      throw isChained
        ? new Problem(400, "invalid_upstream_token", "the upstream token is of another person")
        : new Problem(400, "invalid_presented_token", "the presented token is of another person");
    }
    const details = await askedFor(pair, asked.fromAgent);
    const { first, ...described } = details;
    const full: Work = { ...work, ...pairIn(work, tokens, pair) };
    if (first !== undefined) full.first = pageOf(first);
    return pending.begin(
      {
        owner: ownerKey(caller),
        asked: { ...asked, ...described },
        work: full,
        depends: [...depends, ...dependenciesOf(pair)],
        expiresAt: Math.min(now() + pendingSeconds, full.notAfter),
      },
      waitingOf(request),
    );
  }

  /** Section 6.7.2, at the server that the resource token names or that asks the one it names. */
  async function readPair(
    tokens: TokenPair,
    { thumbprint }: Pick<Work, "thumbprint">,
  ): Promise<VerifiedPair> {
    const audience = await checking("resource", log, async () => audienceOf(tokens.resourceToken));
    // hole T7
    if (!isIssuer(audience)) {
      throw new Problem(
        400,
        "invalid_resource_token",
        "the resource token is for a server that is not asked from here",
      );
    }
    const expected = { audience, agentJkt: thumbprint, personServer: issuer, issuers: isIssuer };
    return verifyPair(tokens, expected, { discovery, isRevoked, now, log });
  }

  /** The presented token as it was given out: to this agent, for the person that the resource knows by its `sub`. */
  async function presentedRecord(
    { presented, resource }: VerifiedPair,
    agent: AgentIdentity,
  ): Promise<TokenRecord> {
    const record = await records.tokens.get(presented.claims);
    const isOfAgent =
      record !== undefined && record.agent.iss === agent.iss && record.agent.sub === agent.sub;
    // hole T10
    if (!isOfAgent || (await subjectOf(record.person, resource.iss)) !== resource.sub) {
      throw new Problem(
        400,
        "invalid_presented_token",
        "the presented token was not given to this agent here",
      );
    }
    return record;
  }

  /** What a verified pair asks for. */
  async function askedFor({ resource }: VerifiedPair, fromAgent: AgentAssertions) {
    const { iss, aud, account, tenant, login_hint: loginHint, interaction } = resource;
    // A browser of the person is sent there (section 7.2.3). The resource's own address has been fetched from already.
    // hole T21
    if (interaction !== undefined && new URL(interaction.url).origin !== iss) {
      await checking("resource", log, async () => guardUrl(interaction.url, { development: false }));
    }
    const scopes = scopesOf(resource.scope);
    const described = await assertionsOfResource(discovery, iss, scopes);
    return {
      kind: "auth-token" as const,
      resource: iss,
      scopes,
      fromAgent,
      ...(aud !== issuer && { accessServer: aud }),
      ...(account !== undefined && { account }),
      ...(tenant !== undefined && { tenant }),
      fromResource: {
        ...described,
        ...(loginHint !== undefined && { loginHint }),
        ...(interaction !== undefined && { interaction: true }),
      },
      first: interaction,
    };
  }

  function pairIn(
    { notAfter }: Pick<Work, "notAfter">,
    tokens: TokenPair,
    { resource, presented }: VerifiedPair,
  ): Pick<Work, "pair" | "notAfter"> {
    const { iss, jti, exp } = presented.claims;
    return { pair: { ...tokens, resource, presented: { iss, jti, exp } }, notAfter: Math.min(notAfter, exp) };
  }

  /** Relays a page of a resource, or a question, to the person (section 7.6). */
  async function interactionRequest(request: Call): Promise<Answer> {
    const { caller, token, members } = request;
    const { type, url, code, question, max_wait: maxWait } = members;
    if (type !== "interaction" && type !== "payment" && type !== "question") {
      throw invalidRequest("type must be interaction, payment or question");
    }
    if (type === "question" ? !isText(question) : !isEndpointUrl(url)) {
      throw invalidRequest(type === "question" ? "question is required" : "url must be https, without query");
    }
    if (code !== undefined && !isText(code)) throw invalidRequest("code must be a text");
    if (maxWait !== undefined && !(Number.isSafeInteger(maxWait) && (maxWait as number) > 0)) {
      throw invalidRequest("max_wait must be a number of seconds");
    }
    const claims = readAgentToken(caller);
    requireOwnAgent(claims);
    const agent: AgentIdentity = { iss: claims.iss, sub: claims.sub };
    const person = await personBehind(agent);
    if (person === undefined || !((await canReach?.(person)) ?? false)) {
      throw type === "question"
        ? new Problem(403, "user_unreachable", "there is no way to the person from here")
        : new Problem(424, "interaction_unavailable", "there is no way to the person from here");
    }
    const expiresAt = Math.min(now() + pendingSeconds, claims.exp);
    const asked: AskedRequest = {
      kind: type,
      agent,
      person,
      scopes: [],
      consented: false,
      capabilities: listOf(members, "capabilities"),
      fromResource: {},
      fromAgent: assertionsOf(members),
      ...(type === "question"
        ? { question: question as string }
        : { page: { url: url as string, ...(code !== undefined && { code: code as string }) } }),
    };
    const work: Work = {
      agentTokens: [agentTokenName(claims)],
      confirmationKey: caller.key,
      thumbprint: caller.thumbprint,
      notAfter: claims.exp,
      tokens: { agent: token! },
      ...(maxWait !== undefined && { resolveAt: now() + (maxWait as number) }),
    };
    const depends = [dependency("agent token", TOKEN_TYPES.agent, claims)];
    return pending.begin(
      {
        ...{ owner: ownerKey(caller), asked, work, depends, expiresAt },
        ...{ state: "waiting", requirement: { requirement: "approval" } },
      },
      waitingOf(request),
    );
  }

  async function answerRequest({ caller, members }: Call, id: string): Promise<Answer> {
    const owner = ownerKey(caller);
    switch (members.action) {
      case "clarification_response":
        return pending.clarify(id, owner, members);
      case "updated_request": {
        const tokens = requiredPair(members);
        const { justification } = assertionsOf(members);
        // An access server that has asked gets this, and nothing else that the agent has sent: other members could be claims there.
        const body = {
          action: members.action,
          resource_token: tokens.resourceToken,
          presented_token: tokens.presentedToken,
          ...(justification !== undefined && { justification }),
        };
        return pending.replace(id, owner, body, (record) => update(record, tokens, justification));
      }
      default:
        throw invalidRequest("action must be clarification_response or updated_request");
    }
  }

  async function update(
    record: Pending,
    tokens: TokenPair,
    justification: string | undefined,
  ): Promise<void> {
    const { work, asked } = record;
    const before = work.pair?.resource;
    if (before === undefined) throw invalidRequest("the request has no resource token");
    const pair = await readPair(tokens, work);
    requireSameParties(before, pair.resource);
    await presentedRecord(pair, asked.agent);
    const fromAgent = { ...asked.fromAgent, ...(justification !== undefined && { justification }) };
    const { first, ...described } = await askedFor(pair, fromAgent);
    const isNewPage = first !== undefined && first.code !== work.first?.code;
    // The person is not asked again: an access server has asked the agent.
    // hole T31
    requireNoMoreThanGranted(record, described);
    if (record.state === "granted" && isNewPage) {
      throw new Problem(400, "invalid_resource_token", "the person has granted the request without a page");
    }
    if (first === undefined) delete work.first;
    else if (isNewPage) work.first = pageOf(first);
    const { accessServer: _server, account: _account, ...kept } = asked;
    record.asked = { ...kept, ...described };
    record.depends = withPair(record.depends, pair); // hole T30
    Object.assign(work, pairIn(work, tokens, pair));
    record.expiresAt = Math.min(record.expiresAt, work.notAfter); // hole T30
  }
}

const agentTokenName = ({ jti, sub, exp }: AgentTokenClaims): AgentTokenName => ({ jti, sub, exp });

const pageOf = (interaction: {
  readonly url: string;
  readonly code: string;
}): NonNullable<Work["first"]> => ({
  ...interaction,
  callback: randomName(),
  isDone: false,
});

function refuseMission({ mission_s256: mission }: Members): void {
  if (mission !== undefined) throw invalidRequest("missions are not served here");
}
