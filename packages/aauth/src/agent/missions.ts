/**
 * An agent's missions: proposal, permission, record, update and completion, and the end that stops
 * the agent (draft -11, sections 7.7, 7.8 and 8).
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import {
  auditRequest,
  missionChange,
  missionRequest,
  permissionRequest,
  readCompletion,
  readMission,
  readPermission,
  readUpdate,
  requireRecorded,
} from "../draft-11/missions.ts";
import { AAuthAgentError, StillWaitingError, TokenRequestError } from "../errors.ts";
import type {
  DeferredToken,
  MissionAction,
  PermissionAnswer,
  TokenRequest,
  TokenRequestContext,
  TokenResponse,
  TokenResponseContext,
} from "../profile/token-requests.ts";
import type { RecordStore } from "../store/record-store.ts";
import type { WaitingCall } from "../types.ts";
import type { AgentParts, CallContext, CallInput } from "./context.ts";
import { askPersonServer } from "./person-server-requests.ts";
import { askServer, notifyServer, received } from "./token-request.ts";
import { type TokenSource, tokenRequestContext } from "./token-source.ts";
import type { Agent, AgentMission, MissionControl } from "./types.ts";
import { type PollState, progressOf, StillDeferredError, waitingOf } from "./waiting-call.ts";

/** Time for which the end of a mission is remembered. No token of it lives longer than an hour. */
const REMEMBERED_SECONDS = 30 * 86_400;

/** What an agent keeps of a mission. Plain data. */
export interface KeptMission {
  /** Capabilities of its person server at the approval. */
  readonly capabilities: readonly string[];
  /** Why it has ended. Unset for an active one. */
  readonly ended?: string;
}

/** The ends and capabilities of an agent's missions. */
export class KeptMissions {
  readonly #store: RecordStore<KeptMission>;

  constructor(store: RecordStore<KeptMission>) {
    this.#store = store;
  }

  async keep(mission: string, kept: KeptMission): Promise<void> {
    await this.#store.put(mission, kept, { owner: mission, ttlSeconds: REMEMBERED_SECONDS });
  }

  async capabilitiesOf(mission: string | undefined): Promise<readonly string[]> {
    return (mission === undefined ? undefined : await this.#store.get(mission))?.capabilities ?? [];
  }

  /** @throws AAuthAgentError `mission_terminated`: nothing more may be done under the mission */
  async requireActive(mission: string | undefined): Promise<void> {
    const ended = mission === undefined ? undefined : (await this.#store.get(mission))?.ended;
    if (ended === undefined) return;
    throw new AAuthAgentError("mission_terminated", `the mission has ended: ${ended}`); // hole W14
  }

  /** Remembers the end of a mission if the error says so. */
  async noteEnd(mission: string | undefined, error: unknown): Promise<void> {
    if (mission === undefined || !(error instanceof TokenRequestError)) return;
    if (error.oauthError !== "mission_terminated") return;
    await this.keep(mission, { capabilities: [], ended: error.description }); // hole W14a
  }
}

export function createMissions(
  parts: AgentParts,
  tokens: TokenSource,
): Pick<Agent, "proposeMission" | "mission" | "askPermission"> {
  const { missions } = parts;

  function missionOf(id: string): AgentMission {
    return {
      id,
      ask: (action, control) => askPermission(parts, action, { ...control, mission: id }),
      async record(done, control) {
        const input = { ...control, mission: id };
        await inMission(parts, input, async (server, context) => {
          const asked = auditRequest(server, done, await tokenRequestContext(context));
          const hasContent = (status: number) => status !== 201;
          requireRecorded(await notifyServer(parts, asked, context, { hasContent }));
        });
      },
      async update(description, control) {
        const members = { action: "update", description };
        const { s256 } = await request(parts, { ...control, mission: id }, readUpdate, (server, context) =>
          missionChange(server, id, members, context),
        );
        return s256;
      },
      async complete(summary, control) {
        const members = { action: "completion", summary };
        await request(parts, { ...control, mission: id }, readCompletion, (server, context) =>
          missionChange(server, id, members, context),
        );
        await missions.keep(id, { capabilities: [], ended: "completed" });
      },
    };
  }

  return {
    mission: missionOf,
    askPermission: (action, control = {}) => askPermission(parts, action, control),
    async proposeMission({ description, tools, resources, ...control }) {
      const proposal = { description, tools, resources };
      const { id, mission } = await inMission(parts, control, async (server, context, resumed) => {
        const asked = missionRequest(server, proposal, await tokenRequestContext(context));
        const approved = await askServer(parts, asked, context, readMission, resumed);
        const { scope, variant } = approved;
        for (const [resource, granted] of approved.tokens) {
          const own = { ...context, resource, mission: approved.id };
          const token = received(parts, granted, { server, type: "person-token" }, own);
          await tokens.store(token, own, { server, scope, variant });
        }
        await missions.keep(approved.id, { capabilities: approved.capabilities });
        return approved;
      });
      return { ...missionOf(id), mission };
    },
  };
}

async function askPermission(
  parts: AgentParts,
  action: MissionAction,
  control: MissionControl & Pick<CallInput, "mission">,
): Promise<PermissionAnswer> {
  const { isGranted, reason } = await request(parts, control, readPermission, (server, context) =>
    permissionRequest(server, action, context),
  );
  return { isGranted, reason };
}

/** Sends a request that may wait for the person. */
function request<Outcome extends { readonly type: string }>(
  parts: AgentParts,
  control: MissionControl & Pick<CallInput, "mission">,
  read: (response: TokenResponse, context: TokenResponseContext) => Awaitable<Outcome | DeferredToken>,
  make: (server: string, context: TokenRequestContext) => TokenRequest,
): Promise<Exclude<Outcome, DeferredToken>> {
  return inMission(parts, control, async (server, context, resumed) =>
    askServer(parts, make(server, await tokenRequestContext(context)), context, read, resumed),
  );
}

/**
 * Asks the agent's own server, unless the mission has ended. A request that waits is resumed with
 * its state.
 */
async function inMission<T>(
  parts: AgentParts,
  { onClarification, onWaiting, resumed, ...control }: MissionControl & Pick<CallInput, "mission">,
  ask: (server: string, context: CallContext, resumed?: PollState) => Promise<T>,
): Promise<T> {
  const { missions, profile, keys } = parts;
  const { mission } = control;
  if (resumed !== undefined && !keys.usable().some((key) => key.thumbprint === resumed.keyThumbprint)) {
    throw new AAuthAgentError("waiting_key_gone", "the key of the waiting request is no longer held");
  }
  const input: CallInput = {
    ...control,
    keyThumbprint: resumed?.keyThumbprint,
    clarify:
      onClarification &&
      (async (question) => {
        const reply = await onClarification(question);
        // There is no scope to reduce.
        return reply.action === "respond" ? reply : { action: "cancel" };
      }),
  };
  return askPersonServer(parts, input, async (server, context) => {
    await missions.requireActive(mission);
    const waitingAt = (polling: PollState): WaitingCall =>
      waitingOf({
        profile: profile.name,
        keyThumbprint: context.key.thumbprint,
        party: server,
        request: { method: "POST", url: server, origin: server, headers: {}, body: undefined, signals: [] },
        context: {},
        progress: { state: {}, polling },
      });
    const onPoll = onWaiting && ((state: PollState) => onWaiting(waitingAt(state)));
    try {
      return await ask(server, { ...context, onPoll }, resumed && progressOf(resumed).polling);
    } catch (error) {
      await missions.noteEnd(mission, error);
      throw error instanceof StillDeferredError
        ? new StillWaitingError(error.message, waitingAt(error.state))
        : error;
    }
  });
}
