/**
 * Requests of an agent to its own server: tokens for sub-agents, and interactions.
 *
 * @module
 */

import { challengeOfSubAgent, keyOfSubAgent, relayRequest } from "../draft-11/person-server-requests.ts";
import { AAuthAgentError, AAuthError, citing } from "../errors.ts";
import type { Interaction } from "../profile/waiting.ts";
import { pinnedTo } from "./agent-keys.ts";
import { type AgentParts, type CallContext, type CallInput, contextOf } from "./context.ts";
import { isSuccess, notifyServer, requestToken } from "./token-request.ts";
import { tokenRequestContext } from "./token-source.ts";
import type { Agent } from "./types.ts";

export function createSubAgentTokens(parts: AgentParts): Pick<Agent, "tokenForSubAgent"> {
  const { id, now } = parts;
  const { calls, tokenRequests } = parts.profile;

  return {
    tokenForSubAgent: ({ resourceToken, presentedToken: presented, ...input }) =>
      askPersonServer(parts, input, async (server, context) => {
        const { resource, subagentToken } = input;
        const boundTo = await keyOfSubAgent(subagentToken, id);
        const party = { trustedServers: [server], resource, agent: id, thumbprint: boundTo };
        const expected = { ...party, presented, now: now() };
        const wanted = await calls.checkChallenge(challengeOfSubAgent(resourceToken), expected);
        const asked = tokenRequests.request(wanted, await tokenRequestContext(context, presented));
        return requestToken(parts, asked, { ...context, boundTo });
      }),
  };
}

/**
 * Sends a request to the agent's own server, outside of any call. Only the time limit ends its
 * polling.
 */
export async function askPersonServer<Input extends CallInput, T>(
  parts: AgentParts,
  input: Input,
  ask: (server: string, context: Input & CallContext) => Promise<T>,
): Promise<T> {
  const { name, tokenRequests, sectionOf } = parts.profile;
  if (tokenRequests.trustedServers !== undefined) {
    throw new TypeError(`profile ${name} has no person servers`);
  }
  let server: string | undefined;
  try {
    const context = contextOf(parts, input, pinnedTo(input.keyThumbprint, parts.keys).current());
    [server = ""] = await context.trustedServers();
    return await ask(server, context);
  } catch (error) {
    throw citing(AAuthAgentError.from(error, server), sectionOf);
  }
}

/** False where the caller of the agent reaches the person, or the parent of a sub-agent. */
export const mayRelay = ({ parent }: AgentParts, { upstreamToken }: CallContext): boolean =>
  parent === undefined && upstreamToken === undefined;

/**
 * Asks the agent's own server to bring the person to a page of the resource. If that fails, the
 * caller can still do so.
 */
export async function relay(
  parts: AgentParts,
  interaction: Interaction,
  context: CallContext,
): Promise<boolean> {
  const server = mayRelay(parts, context) ? await context.ownServer() : undefined;
  if (server === undefined) return false;
  try {
    const request = relayRequest(server, interaction, await tokenRequestContext(context));
    // A deferred response only reports that the person was reached; the resource's response is
    // polled.
    return isSuccess((await notifyServer(parts, request, context, { isReported: true })).status);
  } catch (error) {
    if (error instanceof AAuthError) return false;
    throw error;
  }
}
