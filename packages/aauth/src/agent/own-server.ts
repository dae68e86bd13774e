/**
 * Requests of an agent to its own server outside of calls: tokens for sub-agents, and missions.
 *
 * @module
 */

import { AAuthAgentError } from "../errors.ts";
import type { OwnServerRules } from "../profile/token-requests.ts";
import type { AgentParts, CallContext } from "./context.ts";
import { combineObservers } from "./events.ts";
import { askServer, checkToken, requestToken } from "./token-request.ts";
import { type TokenSource, tokenRequestContext } from "./token-source.ts";
import type { Agent, ProposeMissionInput } from "./types.ts";

export function createOwnServer(
  parts: AgentParts,
  tokens: TokenSource,
): Pick<Agent, "tokenForSubAgent" | "proposeMission"> {
  const { id, now, serverProfile: profile } = parts;
  const { calls, tokenRequests } = profile;

  return {
    tokenForSubAgent: ({ resourceToken, presentedToken: presented, ...input }) =>
      askOwnServer(parts, input, async (rules, context) => {
        const { resource, subagentToken } = input;
        const { trustedServers } = context;
        const boundTo = await rules.keyOfSubAgent(subagentToken, id);
        const party = { trustedServers, resource, agent: id, thumbprint: boundTo };
        const expected = { ...party, presented, now: now() };
        const wanted = calls.checkChallenge(rules.challengeOfSubAgent(resourceToken), expected);
        const asked = tokenRequests.request(wanted, await tokenRequestContext(parts, context, presented));
        return requestToken(parts, asked, { ...context, boundTo });
      }),

    proposeMission: ({ onClarification, description, tools, resources, ...input }) =>
      askOwnServer(parts, { ...input, clarify: missionAnswers(onClarification) }, async (rules, context) => {
        const [server = ""] = context.trustedServers;
        const proposal = { description, tools, resources };
        const asked = rules.proposeMission(server, proposal, await tokenRequestContext(parts, context));
        const { read } = tokenRequests;
        const { mission } = await askServer(parts, asked, context, async (response, asker) => {
          if (response.status !== ACCEPTED)
            return { type: "approved" as const, mission: await rules.readMission(response) };
          const answer = read(response, asker);
          if (answer.type === "deferred") return answer;
          throw new AAuthAgentError("token_request_failed", "the response is not the approval of a mission");
        });
        const { scope, variant, expects } = rules.tokenOfMission(mission);
        const wanted = { server, scope, variant };
        const granted = await Promise.all(
          Object.entries(mission.tokens).map(async ([resource, token]) => {
            const own = { ...context, resource, mission: mission.id };
            const obtained = await checkToken(parts, { type: "granted", token }, { ...asked, expects }, own);
            return { obtained, own };
          }),
        );
        for (const { obtained, own } of granted) await tokens.store(obtained, own, wanted);
        return { id: mission.id, mission: mission.mission };
      }),
  };
}

const ACCEPTED = 202;

type OwnInput = Pick<
  CallContext,
  "observer" | "signal" | "onInteraction" | "clarify" | "returnUrl" | "justification" | "loginHint"
> & { readonly subagentToken?: string; readonly resource?: string };

/**
 * Sends a request to the agent's own server, outside of any call. Only the time limit ends its
 * polling.
 */
async function askOwnServer<T>(
  { profile, keys, identity, trustedAuthServers: trustedServers, ...parts }: AgentParts,
  input: OwnInput,
  ask: (rules: OwnServerRules, context: CallContext) => Promise<T>,
): Promise<T> {
  try {
    const { ownServer } = profile.tokenRequests;
    if (ownServer === undefined) throw new TypeError(`profile ${profile.name} has no person server`);
    const key = keys.current();
    const server = ownServer.serverOf({
      identity: await identity(key),
      trustedServers,
      upstreamToken: undefined,
    });
    if (server === undefined) throw new AAuthAgentError("person_required", "this agent has no person server");
    const observe = combineObservers(parts.observer, input.observer);
    return await ask(ownServer, { ...input, key, observe, trustedServers: [server] }).catch(
      (error: unknown) => {
        throw AAuthAgentError.from(error, server);
      },
    );
  } catch (error) {
    throw AAuthAgentError.from(error);
  }
}

/** A mission has no scope to reduce, so any other reply withdraws the proposal. */
function missionAnswers(ask: ProposeMissionInput["onClarification"]): CallContext["clarify"] {
  return (
    ask &&
    (async (question) => {
      const reply = await ask(question);
      return reply.action === "respond" ? reply : { action: "cancel" };
    })
  );
}
