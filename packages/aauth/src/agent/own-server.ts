/**
 * What an agent asks of its own server beside any call: tokens for its sub-agents, and missions.
 *
 * @module
 */

import { AAuthAgentError } from "../errors.ts";
import type { GrantContext } from "../profile/grants.ts";
import type { Credential } from "../profile/messages.ts";
import type { AgentProfile } from "../profile/wire-profile.ts";
import type { SigningKey } from "../types.ts";
import type { AgentKeys } from "./agent-keys.ts";
import { atHop } from "./at-hop.ts";
import { type AgentObserver, combineObservers, ignoreEvents } from "./events.ts";
import type { GrantCircumstances, GrantClient } from "./grant-client.ts";
import type { GrantSource } from "./grant-source.ts";
import { capabilitiesOf, type Participation } from "./pending-answer.ts";
import type { Agent, CallControl, ProposeMissionInput } from "./types.ts";

export function createOwnServer(
  options: OwnServerOptions,
): Pick<Agent, "tokenForSubAgent" | "proposeMission"> {
  const { profile, id, keys, identity, trustedServers, client, tokens, now } = options;
  const { grants } = profile;

  return {
    tokenForSubAgent: ({ subagentToken, resource, resourceToken, presentedToken: presented, ...input }) =>
      asking(input, async ({ server, identity, circumstances }) => {
        const { subAgents } = grants;
        if (subAgents === undefined) throw new TypeError(`profile ${profile.name} has no sub-agents`);
        const boundTo = await subAgents.keyOf(subagentToken, id);
        const party = { trustedServers: [server], resource, agent: id, thumbprint: boundTo };
        const expected = { ...party, presented, now: now() };
        const demand = profile.calls.checkDemand(subAgents.demandOf(resourceToken), expected);
        const participation: Participation = {
          ...{ waiting: "poll", interact: input.onInteraction, clarify: undefined },
          returnUrl: input.returnUrl,
        };
        const { justification, loginHint } = input;
        const capabilities = capabilitiesOf(participation);
        const hints = { subagentToken, capabilities, justification, loginHint };
        const request = grants.forDemand(demand, { ...NOTHING, identity, presented, hints });
        return client.request(request, { ...circumstances, resource, boundTo, participation });
      }),

    proposeMission: ({ onInteraction, onClarification, ...input }) =>
      asking(input, async ({ server, identity, key, circumstances }) => {
        const { missions } = grants;
        if (missions === undefined) throw new TypeError(`profile ${profile.name} has no missions`);
        const participation = missionParticipation(onInteraction, onClarification);
        const hints = { capabilities: capabilitiesOf(participation), loginHint: input.loginHint };
        const asked = missions.propose(server, input, { ...NOTHING, identity, hints });
        const { mission, tokens: granted } = await client.propose(asked, { ...circumstances, participation });
        for (const { resource, grant, ...kept } of granted) {
          const call = {
            ...NOTHING,
            key,
            resource,
            cacheKey: undefined,
            signal: undefined,
            observe: ignoreEvents,
          };
          await tokens.keepFor({ server, ...kept }, grant, { ...call, hints: { mission: mission.id } });
        }
        return { id: mission.id, mission: mission.mission };
      }),
  };

  async function asking<T>(
    { observer, signal }: CallControl,
    run: (own: {
      readonly server: string;
      readonly key: SigningKey;
      readonly identity: Credential;
      readonly circumstances: GrantCircumstances;
    }) => Promise<T>,
  ): Promise<T> {
    try {
      if (grants.serverOf === undefined)
        throw new TypeError(`profile ${profile.name} has no server of an agent`);
      const key = keys.current();
      const credential = await identity(key);
      const server = grants.serverOf({ identity: credential, trustedServers, upstreamToken: undefined });
      if (server === undefined) throw new AAuthAgentError("person_required", "this agent has no server");
      const observe = combineObservers(options.observer, observer);
      const circumstances = { key, context: NOTHING, observe, signal, trustedServers: [server] };
      return await run({ server, key, identity: credential, circumstances }).catch((error: unknown) => {
        throw atHop(error, server);
      });
    } catch (error) {
      throw AAuthAgentError.from(error);
    }
  }
}

function missionParticipation(
  interact: ProposeMissionInput["onInteraction"],
  ask: ProposeMissionInput["onClarification"],
): Participation {
  return {
    waiting: "poll",
    interact,
    // A mission has no scope to reduce: the person is answered, or the proposal withdrawn.
    clarify:
      ask &&
      (async (question) => {
        const reply = await ask(question);
        return reply.action === "respond" ? reply : { action: "cancel" };
      }),
    returnUrl: undefined,
  };
}

/** Of a request that passes on nothing of a call. */
export const NOTHING: Omit<GrantContext, "identity"> = {
  upstreamToken: undefined,
  presented: undefined,
  redirectUri: undefined,
  state: undefined,
};

interface OwnServerOptions {
  readonly profile: AgentProfile;
  readonly id: string;
  readonly keys: AgentKeys;
  readonly identity: (key: SigningKey) => Promise<Credential>;
  readonly trustedServers: readonly string[];
  readonly client: GrantClient;
  readonly tokens: GrantSource;
  readonly now: () => number;
  readonly observer: AgentObserver | undefined;
}
