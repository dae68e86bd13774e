/**
 * The parties of a request to a person server: the signing agent, its sub-agent, its own caller,
 * and the person (draft -11, sections 7.1, 9.4.5 and 10).
 *
 * @module
 */

import type { AgentTokenClaims } from "../draft-11/claims.ts";
import { TOKEN_TYPES } from "../draft-11/names.ts";
import { AAuthVerificationError } from "../errors.ts";
import { trusts } from "../tokens/trust.ts";
import { invalidRequest, Problem } from "./answers.ts";
import { assertionsOf, listOf } from "./assertions.ts";
import type { AgentTokenName, TokenRecord } from "./person-records.ts";
import type { PersonContext, PersonWork } from "./person-server-types.ts";
import { MAX_AHEAD_SECONDS } from "./revocation-endpoint.ts";
import type { Call } from "./server-frame.ts";
import { dependency, earliestEnd, tokenOf, verifySubagent, verifyUpstream } from "./token-parameters.ts";
import type { AgentIdentity } from "./types.ts";

/**
 * The agent of a call, in the form that is stored.
 *
 * @throws AAuthVerificationError for a token that could outlive its revocation
 */
export function callingAgent({ caller, token }: Call, now: () => number) {
  const claims = caller.identityToken as unknown as AgentTokenClaims;
  requireRevocable(claims, now); // hole T6
  const agent: AgentIdentity = { iss: claims.iss, sub: claims.sub };
  const depends = [dependency("agent token", TOKEN_TYPES.agent, claims)];
  const work: PersonWork = {
    agentTokens: [agentTokenName(claims)],
    confirmationKey: caller.key,
    notAfter: claims.exp,
    tokens: { agent_token: token! },
  };
  return { claims, agent, depends, work };
}

/** Reads an agent's request that is about no resource. @throws AAuthVerificationError */
export async function readOwnRequest(context: PersonContext, call: Call) {
  const { claims, agent, depends, work } = callingAgent(call, context.now);
  requireOwnAgent(context, claims);
  return {
    asked: {
      agent,
      person: await personBehind(context, agent),
      scopes: [],
      consented: false,
      fromResource: {},
      capabilities: listOf(call.members, "capabilities"),
      fromAgent: assertionsOf(call.members),
    },
    work,
    depends,
  };
}

/**
 * Reads and verifies the parties of a token request.
 *
 * @throws Problem, AAuthVerificationError
 */
export async function readParties(context: PersonContext, call: Call) {
  const { now } = context;
  const { members } = call;
  const { claims, agent, depends, work } = callingAgent(call, now);
  const subagentToken = tokenOf(members, "subagent_token");
  const upstreamToken = tokenOf(members, "upstream_token");
  // An intermediary acts for all persons it serves, and may have another person server or none
  // (section 10.1.1).
  if (upstreamToken === undefined) requireOwnAgent(context, claims);

  const parent = { claims, key: { thumbprint: call.caller.thumbprint } };
  const subagent = await verifySubagent(
    subagentToken,
    parent,
    context,
    (claims) => requireRevocable(claims, now), // hole T6
  );
  if (subagent !== undefined) depends.push(dependency("sub-agent token", TOKEN_TYPES.agent, subagent.claims));

  const upstream = await readUpstream(context, upstreamToken, agent);
  if (upstream !== undefined) depends.push(dependency("upstream token", upstream.type, upstream.claims));

  const person = upstream === undefined ? await personBehind(context, agent) : upstream.record.person;
  const mission = await missionOfParties(context, members, agent, upstream?.record);
  return {
    depends,
    mission,
    asked: {
      agent,
      subagent: subagent?.claims.sub,
      person,
      upstream: upstream?.claims.aud,
      calledBy: upstream && {
        agent: upstream.record.agent,
        type: upstream.record.type,
        isNamed: false,
      },
      consented: false,
      capabilities: listOf(members, "capabilities"),
      fromAgent: assertionsOf(members),
    },
    thumbprint: subagent?.key.thumbprint ?? call.caller.thumbprint,
    work: {
      agentTokens: [claims, subagent?.claims].filter((one) => one !== undefined).map(agentTokenName),
      confirmationKey: subagent?.key.publicJwk ?? work.confirmationKey,
      notAfter: earliestEnd({ claims }, subagent, upstream),
      upstream: upstream && { iss: upstream.claims.iss, jti: upstream.claims.jti },
      tokens: { ...work.tokens, subagent_token: subagentToken, upstream_token: upstreamToken },
    } satisfies PersonWork,
  };
}

/**
 * The mission of a request: the agent's own, or the one of the upstream token, which carries it
 * through the chain (sections 7.1 and 10.1.1).
 *
 * @throws Problem as `Missions.active`; `invalid_request` for both
 */
async function missionOfParties(
  { missions }: PersonContext,
  { mission_s256: named }: Call["members"],
  agent: AgentIdentity,
  upstream: TokenRecord | undefined,
) {
  if (upstream === undefined) return missions.named(agent, named);
  if (named !== undefined) throw invalidRequest("mission_s256 must not be sent with upstream_token"); // hole W8
  return upstream.mission && missions.active(upstream.mission);
}

/**
 * Verifies the upstream token with which the agent was called, and finds the record of its issuance
 * (section 9.4.5).
 */
async function readUpstream(context: PersonContext, token: string | undefined, agent: AgentIdentity) {
  const { options, records, isRevoked } = context;
  const issuers = (id: string) => isIssuer(options, id);
  const expected = { audience: agent.iss, personServer: options.issuer, issuers };
  const verified = await verifyUpstream(token, expected, context);
  if (verified === undefined) return undefined;
  const { type, claims } = verified;
  const record = await records.tokens.get(claims);
  if (record === undefined || record.resource !== claims.aud || record.subject !== claims.sub) {
    const why = "the upstream token was not issued to an agent that is known here";
    throw new Problem(400, "invalid_upstream_token", why);
  }
  const standing = await records.standing(record.person, record.agent);
  const { iss } = record.agent;
  const areRevoked = await Promise.all(record.agentTokens.map(({ jti }) => isRevoked({ iss, jti })));
  // hole T13
  if (areRevoked.includes(true) || standing.isRevoked) {
    const why = "the agent to which the upstream token was issued is revoked";
    throw new Problem(400, "revoked_upstream_token", why);
  }
  return { type, claims, record };
}

/** Trusted issuers of auth tokens at a person server: itself and its access servers. */
export const isIssuer = (
  { issuer, accessServers = [] }: Pick<PersonContext["options"], "issuer" | "accessServers">,
  id: string,
): boolean => id === issuer || trusts(accessServers, id);

/** Refuses a token that would outlive the record of its revocation (section 11.12.1). */
function requireRevocable({ exp }: AgentTokenClaims, now: () => number): void {
  if (exp <= now() + MAX_AHEAD_SECONDS) return;
  throw new AAuthVerificationError("malformed_token", "agent token lifetime exceeds 24 hours", {
    claim: "exp",
  });
}

/** Refuses an agent whose token names another person server. */
export function requireOwnAgent({ issuer }: Pick<PersonContext, "issuer">, { ps }: AgentTokenClaims): void {
  if (ps === issuer) return; // hole S32d: return;
  throw new AAuthVerificationError("malformed_token", "the agent token does not name this person server", {
    claim: "ps",
  });
}

/** The person of an agent; undefined for an agent without one. */
export async function personBehind(
  { records, options }: PersonContext,
  agent: AgentIdentity,
): Promise<string | undefined> {
  const bound = await records.personOf(agent);
  if (bound !== undefined) return bound;
  const person = await options.personOf?.(agent);
  if (person !== undefined) await records.bind(agent, person);
  return person;
}

const agentTokenName = ({ jti, sub, exp }: AgentTokenClaims): AgentTokenName => ({ jti, sub, exp });
