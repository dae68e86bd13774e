/**
 * A call that may send its user to another party's page. In draft -11 the call continues meanwhile;
 * in the published profile it ends with an error and is repeated once the user has acted.
 *
 * @module
 */

import type { Observer, WaitingCall } from "aauth";
import type { Agent, FetchContext, MissionControl } from "aauth/agent";
import { createPatience } from "agent-kit/draft-11";
import { type UserMissions, waitsForMission } from "./missions.ts";

/** The dialect's part in calls on behalf of a user. */
export interface CallWire {
  /** The agent that calls on behalf of a user. */
  readonly agentOf: (userId: string) => Pick<Agent, "resume"> & {
    fetchFor(context: FetchContext & RepeatedCall): typeof globalThis.fetch;
  };
  /** Browser address of a page. Present if calls continue while their user is at one. */
  readonly browserUrl?: ((page: string) => string) | undefined;
  /** Present if each call is part of a mission of its user. */
  readonly missions?: UserMissions | undefined;
  /** Address that the user's browser returns to. Absent if the auth server knows it. */
  readonly returnUrl?: ((call: Pick<UserCall, "id" | "state">) => string) | undefined;
}

/** Whether a call continues while its user is at a page. Otherwise it is repeated. */
export const continuesAtPage = ({ browserUrl }: CallWire): boolean => browserUrl !== undefined;

export interface UserCall {
  /** Id of the run or the order. */
  readonly id: string;
  readonly userId: string;
  /** Value that only the user's browser receives and sends back. */
  readonly state: string;
  /** Reason for the call, for the person who decides. */
  readonly justification: string;
  /** The answer to a person's question. */
  readonly clarification: string;
  /** Longest wait for the other parties. */
  readonly timeoutSeconds: number;
  /** Longest wait for a person at one page. Default 600. */
  readonly personSeconds?: number;
  /** Ends the call early. */
  readonly signal?: AbortSignal;
  readonly observer: Observer;
  /** Called when a party's page needs the user, in dialects whose calls continue. */
  readonly onPage: (url: string, party: string) => Promise<void>;
  /** Called when the call waits, with the state that another process needs to resume it. */
  readonly onWaiting?: (waiting: WaitingCall) => void;
  /** A call of another process to resume. */
  readonly waiting?: WaitingCall | undefined;
  /** Context of a new call. */
  readonly context?: RepeatedCall;
}

/** Context of a call that ends at a page and is repeated. */
interface RepeatedCall {
  /** Value that the auth server returns with the user's browser. */
  readonly state?: string;
  readonly cacheKey?: string;
  /** Key that the first attempt was signed with. */
  readonly keyThumbprint?: string;
}

/** A begun call. */
interface BegunCall {
  readonly fetch: typeof globalThis.fetch;
  /** For requests to the person server under the user's mission. */
  readonly missionControl: MissionControl;
  /** Stops the deadline. */
  end(): void;
}

/** Begins a call. Call `end` when it is done. */
export function beginCall({ agentOf, browserUrl, returnUrl, missions }: CallWire, call: UserCall): BegunCall {
  const { userId, personSeconds, observer, onPage, onWaiting, waiting, justification } = call;
  const patience = createPatience(call.timeoutSeconds * 1000, personSeconds && personSeconds * 1000);
  const control = {
    signal: call.signal ? AbortSignal.any([call.signal, patience.signal]) : patience.signal,
    observer(event: Parameters<Observer>[0]) {
      observer(event);
      patience.observer(event);
    },
    ...(browserUrl && {
      ...(onWaiting && { onWaiting }),
      onClarification: async () => ({ action: "respond" as const, response: call.clarification }),
      onInteraction: ({ page, party }: { page: string; party: string }) => onPage(browserUrl(page), party),
    }),
  };
  const agent = agentOf(userId);
  const { state, ...context } = call.context ?? {};
  const returning = returnUrl && { returnUrl: returnUrl(call) };
  const ownRequest = missions && waiting && waitsForMission(waiting) ? waiting : undefined;
  const missionControl = { ...control, ...returning, resumed: ownRequest };
  const send =
    waiting === undefined || ownRequest !== undefined
      ? agent.fetchFor({
          ...control,
          ...context,
          ...(browserUrl ? { loginHint: userId, justification } : state !== undefined && { state }),
          ...returning,
        })
      : () => agent.resume(waiting, control);
  return {
    fetch:
      missions === undefined
        ? send
        : async (...request) =>
            missions.during(userId, async () => {
              await missions.begin(userId, missionControl, context.cacheKey);
              return send(...request);
            }),
    missionControl,
    end: patience.end,
  };
}
