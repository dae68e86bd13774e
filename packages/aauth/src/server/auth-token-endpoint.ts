/**
 * The auth token endpoint of a person server (draft -11, sections 6.7.2, 7.2, 7.5.2.2 and 9.4.5).
 *
 * @module
 */

import { randomName } from "../deferred/deferred-requests.ts";
import { guardUrl } from "../discovery/url-guard.ts";
import type { ResourceTokenClaims } from "../draft-11/claims.ts";
import type { Answer } from "../profile/resource-rules.ts";
import { isIssuer, readParties } from "./agent-parties.ts";
import { invalidRequest, Problem } from "./answers.ts";
import { assertionsOf } from "./assertions.ts";
import { beginRequest } from "./mission-requests.ts";
import { isSameAgent, type TokenRecord } from "./person-records.ts";
import type { PersonContext, PersonRequest, PersonWork } from "./person-server-types.ts";
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
import { audienceOf, checking } from "./token-parameters.ts";
import type { AgentIdentity } from "./types.ts";

/** @throws Problem, AAuthVerificationError */
export async function authTokenRequest(context: PersonContext, call: Call): Promise<Answer> {
  const tokens = requiredPair(call.members);
  const { asked, work, depends, thumbprint } = await readParties(context, call);
  const pair = await readPair(context, tokens, thumbprint);
  const known = await presentedRecord(context, pair, asked.agent);
  const isChained = asked.upstream !== undefined;
  if (known.upstream !== undefined && !isChained) throw invalidRequest("upstream_token is required"); // hole T11
  // hole T11
  if (asked.person !== known.person) {
    throw isChained
      ? new Problem(400, "invalid_upstream_token", "the upstream token is for another person")
      : new Problem(400, "invalid_presented_token", "the presented token is for another person");
  }
  const full = { ...work, tokens: { ...work.tokens, ...tokens }, first: pageOf(pair) };
  const request = {
    asked: { ...asked, ...(await askedFor(context, pair)) },
    ...withPair(pair, full, depends),
  };
  // The mission is the presented token's, whatever the request names (sections 7.2 and 8.3).
  const mission = known.mission && (await context.missions.active(known.mission));
  return beginRequest(context, call, request, mission);
}

/**
 * Verifies the tokens (section 6.7.2), whether the resource token is for this server or for an
 * access server.
 */
async function readPair(
  context: PersonContext,
  tokens: TokenPair,
  agentJkt: string,
  before?: ResourceTokenClaims,
): Promise<VerifiedPair> {
  const { options } = context;
  const issuers = (id: string) => isIssuer(options, id);
  const audience = await checking("resource", context, async () => audienceOf(tokens.resource_token));
  // hole T7
  if (!issuers(audience)) {
    const why = "the resource token is for a server that this person server does not use";
    throw new Problem(400, "invalid_resource_token", why);
  }
  const expected = { audience, agentJkt, personServer: options.issuer, issuers };
  return verifyPair(tokens, expected, context, before);
}

/**
 * Finds the record of the presented token, which must have been issued to this agent, for the
 * person with the resource token's `sub`.
 */
async function presentedRecord(
  { records, subjectOf }: PersonContext,
  { presented, resource }: VerifiedPair,
  agent: AgentIdentity,
): Promise<TokenRecord> {
  const record = await records.tokens.get(presented.claims);
  const isOfAgent = record !== undefined && isSameAgent(record.agent, agent);
  // hole T10
  if (!isOfAgent || (await subjectOf(record.person, resource.iss)) !== resource.sub) {
    const why = "the presented token was not issued to this agent";
    throw new Problem(400, "invalid_presented_token", why);
  }
  return record;
}

/** The request that a verified pair describes. */
async function askedFor(context: PersonContext, pair: VerifiedPair) {
  const { iss, aud, interaction } = pair.resource;
  // The person's browser is sent there (section 7.2.3). The resource's own origin has already
  // passed the guard.
  // hole T21
  if (interaction !== undefined && new URL(interaction.url).origin !== iss) {
    await checking("resource", context, async () => guardUrl(interaction.url, { development: false }));
  }
  const asked = await askedBy(pair, context);
  return {
    ...asked,
    accessServer: aud === context.issuer ? undefined : aud,
    fromResource: { ...asked.fromResource, ...(interaction !== undefined && { interaction: true }) },
  };
}

/** The resource's own page, on which the person acts first. */
const pageOf = ({ resource: { interaction } }: VerifiedPair): PersonWork["first"] =>
  interaction && { ...interaction, callback: randomName(), isDone: false };

/** Handles an agent's answer to a question with another pair of tokens. @throws Problem */
export async function updatedRequest(
  context: PersonContext,
  { owner, members }: Call,
  id: string,
  tokens: TokenPair,
): Promise<Answer> {
  const { justification } = assertionsOf(members);
  // Only these members are forwarded to an access server, because it could take others for claims.
  const forwarded = { action: members.action, ...tokens, justification };
  return context.pending.replace(id, owner, forwarded, async (record) => {
    const before = record.work.pair?.resource;
    if (before === undefined) throw invalidRequest("the request has no resource token");
    const pair = await readPair(context, tokens, before.agent_jkt, before);
    await presentedRecord(context, pair, record.asked.agent);
    const asked = await askedFor(context, pair);
    const { fromAgent } = record.asked;
    const said = justification === undefined ? fromAgent : { ...fromAgent, justification };
    // The person is not asked again, because an access server asked the agent.
    replacePair(record, pair, { ...asked, fromAgent: said });
    const { work, state } = record;
    const first = pageOf(pair);
    const isNewPage = first !== undefined && first.code !== work.first?.code;
    if (state === "granted" && isNewPage) {
      const why = "the person granted the request without an interaction at the resource";
      throw new Problem(400, "invalid_resource_token", why);
    }
    if (first === undefined || isNewPage) work.first = first;
    work.tokens = { ...work.tokens, ...tokens };
  });
}

/** Issues the granted token. */
export const giveAuthToken = (context: PersonContext, record: PersonRequest): Promise<Answer> =>
  issueGranted(record, context, (claims) => context.records.keep("auth-token", claims, record));
