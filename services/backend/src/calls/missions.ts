/**
 * The missions of users in mode mission of draft -11: one for each user, which their agent proposes
 * before its first call and of which every later call is part, until it ends.
 *
 * @module
 */

import { AAuthAgentError, type Stores, TokenRequestError, type WaitingCall } from "aauth";
import type {
  Agent,
  AgentMission,
  MissionAction,
  MissionControl,
  PermissionAnswer,
  ProposeMissionInput,
} from "aauth/agent";

const MAX_MISSIONS = 10_000;
/** Lifetime of the record of a mission without an end. */
const KEPT_SECONDS = 30 * 86_400;

/** The record of a user's mission. Plain data. */
export interface UserMission {
  /** Its `s256`. */
  readonly id: string;
}

export interface UserMissions {
  /** The user's mission; undefined before the first one and after its end. */
  of(userId: string): Promise<UserMission | undefined>;
  /**
   * The user's mission. Without one, it is proposed, and the user approves it on the person
   * server's page.
   *
   * @param cacheKey of the call that uses the person tokens of the approval
   * @throws as `Agent.proposeMission`
   */
  begin(userId: string, control: MissionControl, cacheKey?: string): Promise<AgentMission>;
  /**
   * Does work under the user's mission. If it fails because the mission has ended, the next
   * {@link begin} proposes another one.
   */
  during<T>(userId: string, work: () => Promise<T>): Promise<T>;
  /** Asks for a permission under the user's mission. `control.resumed` may be either request. */
  ask(userId: string, action: MissionAction, control: MissionControl): Promise<PermissionAnswer>;
}

/**
 * @param options.agentOf the agent of each user, which knows of no mission
 * @param options.now Unix seconds
 */
export function createUserMissions(options: {
  readonly agentOf: (userId: string) => Agent;
  readonly stores: Pick<Stores, "records">;
  readonly proposal: Pick<ProposeMissionInput, "description" | "tools" | "resources">;
  readonly now: () => number;
}): UserMissions {
  const { agentOf, proposal, now } = options;
  const store = options.stores.records<UserMission>("missions", { maxEntries: MAX_MISSIONS });
  const missions: UserMissions = {
    of: async (userId) => store.get(userId),
    async begin(userId, control, cacheKey) {
      const agent = agentOf(userId);
      const known = await store.get(userId);
      if (known !== undefined) return agent.mission(known.id);
      const approved = await agent.proposeMission({ ...control, ...proposal, loginHint: userId, cacheKey });
      const end = Date.parse(String(approved.mission.expires_at)) / 1000;
      const ttlSeconds = Number.isNaN(end) ? KEPT_SECONDS : Math.max(1, end - now());
      await store.put(userId, { id: approved.id }, { owner: userId, ttlSeconds });
      return approved;
    },
    async during(userId, work) {
      try {
        return await work();
      } catch (error) {
        if (isTerminated(error)) await store.delete(userId);
        throw error;
      }
    },
    ask: (userId, action, control) =>
      missions.during(userId, async () => {
        const isNew = (await store.get(userId)) === undefined;
        const mission = await missions.begin(userId, control);
        // Without a known mission, it was the proposal that waited.
        return mission.ask(action, isNew ? { ...control, resumed: undefined } : control);
      }),
  };
  return missions;
}

/** Whether a request was refused because its mission has ended. */
export const isTerminated = (error: unknown): boolean =>
  error instanceof TokenRequestError
    ? error.oauthError === TERMINATED
    : error instanceof AAuthAgentError && error.code === TERMINATED;

const TERMINATED = "mission_terminated";

/** Whether a call waits for the person server itself, not for a token of another call. */
export const waitsForMission = ({ party, call }: WaitingCall): boolean => call.url === party;

/** An agent whose calls, and its sub-agents' tokens, are part of a mission, if there is one. */
export function underMission(agent: Agent, current: () => Promise<UserMission | undefined>): Agent {
  const mission = async () => (await current())?.id;
  return {
    ...agent,
    fetchFor: (context) => async (input, init) =>
      agent.fetchFor({ ...context, mission: await mission() })(input, init),
    tokenForSubAgent: async (input) => agent.tokenForSubAgent({ ...input, mission: await mission() }),
  };
}
