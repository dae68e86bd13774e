/**
 * The auth token endpoint of an access server (draft -11, sections 9.1 to 9.4).
 *
 * @module
 */

import type { AgentTokenClaims, ResourceTokenClaims } from "../draft-11/claims.ts";
import { type OpenedToken, verifyAgentToken } from "../draft-11/verify-tokens.ts";
import { AAuthVerificationError, publicRefusal } from "../errors.ts";
import type { Answer } from "../profile/resource-rules.ts";
import { decodeJwt } from "../tokens/jwt.ts";
import { trusts } from "../tokens/trust.ts";
import type { AccessContext, AccessRequest } from "./access-server-types.ts";
import { invalidRequest, Problem } from "./answers.ts";
import type { Dependency } from "./request-types.ts";
import type { Call } from "./server-frame.ts";
import {
  askedBy,
  issueGranted,
  replacePair,
  requiredPair,
  type TokenPair,
  type VerifiedPair,
  verifyPair,
  withPair,
} from "./token-pair.ts";
import {
  dependency,
  earliestEnd,
  requiredToken,
  tokenOf,
  verifySubagent,
  verifyUpstream,
} from "./token-parameters.ts";

/** @throws Problem, AAuthVerificationError */
export async function accessTokenRequest(context: AccessContext, call: Call): Promise<Answer> {
  const { owner: personServer, members } = call;
  const tokens = requiredPair(members);
  const agentToken = requiredToken(members, "agent_token");
  const subagentToken = tokenOf(members, "subagent_token");
  const upstreamToken = tokenOf(members, "upstream_token");
  requireResource(context, tokens); // hole T8

  const agent = await readAgent(context, agentToken);
  const subagent = await verifySubagent(subagentToken, agent, context);
  const { key: holder } = subagent ?? agent;
  // The access servers of the person server are unknown here.
  const expected = { audience: agent.claims.iss, personServer, issuers: () => true };
  const upstream = await verifyUpstream(upstreamToken, expected, context);
  const pair = await readPair(context, tokens, { ps: personServer, agent_jkt: holder.thumbprint });
  const depends: Dependency[] = [];
  if (upstream !== undefined) depends.push(dependency("upstream token", upstream.type, upstream.claims)); // hole T47
  const notAfter = earliestEnd(agent, subagent, upstream);
  return context.pending.begin(call, {
    asked: {
      ...(await askedFor(context, pair)),
      agent: { iss: agent.claims.iss, sub: agent.claims.sub },
      subagent: subagent?.claims.sub,
      upstream: upstream?.claims.aud,
      personServer,
      consented: false,
      // A person server handles both, or reports that it cannot.
      capabilities: ["interaction", "clarification"],
      fromAgent: { answers: [] },
    },
    ...withPair(pair, { confirmationKey: holder.publicJwk, notAfter }, depends),
  });
}

/**
 * Checks the unverified issuer first, because any host may publish keys and name this server in a
 * token.
 */
function requireResource({ options }: AccessContext, { resource_token: token }: TokenPair): void {
  const iss = issuerOf(token);
  if (typeof iss === "string" && trusts(options.resources, iss)) return;
  const why = "this server does not authorize the resource of the resource token";
  throw new Problem(400, "invalid_resource_token", why);
}

function issuerOf(token: string): unknown {
  try {
    return decodeJwt(token).claims.iss;
  } catch {
    return undefined;
  }
}

/**
 * Verifies the agent token. The draft defines no error code for this parameter (section 11.9.3).
 */
async function readAgent(context: AccessContext, token: string): Promise<OpenedToken<AgentTokenClaims>> {
  const { discovery, isRevoked, now } = context;
  try {
    const opened = await verifyAgentToken(token, { discovery, isRevoked, now });
    if (opened.claims.parent_agent === undefined) return opened; // hole T8a: return opened;
    throw invalidRequest("agent_token must be the token of the parent, not of the sub-agent");
  } catch (error) {
    if (!(error instanceof AAuthVerificationError) || error.code === "store_unavailable") throw error; // hole V4b
    throw invalidRequest(`agent_token: ${publicRefusal(error).message}`);
  }
}

function readPair(
  context: AccessContext,
  tokens: TokenPair,
  { ps: personServer, agent_jkt: agentJkt }: Pick<ResourceTokenClaims, "ps" | "agent_jkt">,
  before?: ResourceTokenClaims,
): Promise<VerifiedPair> {
  const { issuer: audience } = context;
  // After a step-up, this server has issued the presented token.
  const expected = { audience, agentJkt, personServer, issuers: [personServer, audience] };
  return verifyPair(tokens, expected, context, before);
}

const askedFor = async (context: AccessContext, pair: VerifiedPair) => ({
  ...(await askedBy(pair, context)),
  subject: pair.resource.sub,
});

/** Handles a person server's answer to a question with another pair of tokens. @throws Problem */
export function updatedAccessRequest(
  context: AccessContext,
  { owner, members }: Call,
  id: string,
  tokens: TokenPair,
): Promise<Answer> {
  return context.pending.replace(id, owner, members, async (record) => {
    requireResource(context, tokens);
    const { resource } = record.work.pair!;
    const pair = await readPair(context, tokens, resource, resource);
    replacePair(record, pair, await askedFor(context, pair));
  });
}

/** Handles the claims that a person server sends on request (section 9.2). @throws Problem */
export async function claimsOfPerson(
  { pending }: AccessContext,
  { owner, members }: Call,
  id: string,
): Promise<Answer> {
  // `sub` is never requested, because it differs for each resource.
  if (Object.hasOwn(members, "sub")) throw invalidRequest("sub must not be sent"); // hole T32
  return pending.claim(id, owner, members);
}

/** Issues the granted token. */
export const giveAccessToken = (context: AccessContext, record: AccessRequest): Promise<Answer> =>
  issueGranted(record, context, (claims) =>
    context.records.add(claims, record.asked.agent, record.work.pair!.presented),
  );
