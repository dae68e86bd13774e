import {
  AAuthVerificationError,
  ConsentRequiredError,
  createMemoryStore,
  type Discovery,
  ownerOf,
} from "aauth";
import type { Agent } from "aauth/agent";
import { verifyAuthToken } from "aauth/issuer";
import { createPendingRequests } from "service-kit";
import { INTERACTION_SECONDS, type Interaction, newSecret, type Person } from "./interactions.ts";

/** Learns from the auth server who is sitting at a browser. */
export interface IdentifyPerson {
  /**
   * Where to send the browser on a visit: the same address until its answer has come, or it ends soon.
   *
   * @throws TooManySignInsError; as `Agent.requestOwnToken`
   */
  begin(visit: Pick<Interaction, "id" | "agent" | "order">): Promise<string>;
  /** Which visit an answer of the auth server belongs to; once per answer. */
  takeVisit(state: string | undefined): Visit | undefined;
  /** Who it is. Throws as `Agent.redeemCode` and `verifyAuthToken` do. */
  finish(code: string, visit: Visit): Promise<Person>;
}

/** A visit has been at the auth server often enough, or too much waits there already for its person or for its agent. */
export class TooManySignInsError extends Error {
  override readonly name = "TooManySignInsError";
  readonly code = "too_many_sign_ins";
}

/** A browser that was sent to the auth server. */
interface Visit {
  readonly interactionId: string;
  /** The key that asked: it redeems the code, also after a rotation. */
  readonly keyThumbprint: string | undefined;
  /** Counts what waits at the auth server as used up. */
  readonly free: () => void;
}

const SCOPE = "openid profile email";
const MAX_SIGN_INS = 10_000;
/** Enough for the wrong person to sign out, a few times over; each is one more request that the auth server has to remember. */
const MAX_SIGN_INS_PER_VISIT = 10;
/** Sign-ins that wait at the auth server for one person whom one host names, and for all of that host: what it keeps for this agent is for all. */
const MAX_WAITING_PER_PERSON = 20;
const MAX_WAITING_PER_HOST = 200;
/** Time to sign in. With less of it left, the auth server is asked again. */
const SIGN_IN_SECONDS = 60;

/**
 * Signs people in by AAuth itself: this agent is then the resource, too, and gets a token that says who the user is (SPEC 3.5).
 *
 * @param options.agent must sign with its identity
 */
export function createIdentifyPerson(options: {
  id: string;
  agent: Pick<Agent, "requestOwnToken" | "redeemCode">;
  authServer: string;
  redirectUri: string;
  discovery: Discovery;
  /** Unix seconds. */
  now: () => number;
}): IdentifyPerson {
  const { id, agent, authServer, redirectUri, discovery, now } = options;
  const visits = createMemoryStore<Visit>({ maxEntries: MAX_SIGN_INS, now });
  /** By visit: where its browser is sent, or will be once the auth server has said so; and how often it has been sent anew. */
  const underway = createMemoryStore<Promise<string>>({ maxEntries: MAX_SIGN_INS, now });
  const begun = createMemoryStore<number>({ maxEntries: MAX_SIGN_INS, now });

  const waiting = createPendingRequests(now);

  /** Counts sign-in `state` for the visit's agent and person, and says how it is counted no longer. */
  function noteWaiting({ agent, order }: Pick<Interaction, "agent" | "order">, state: string) {
    const host = ownerOf(agent);
    const person = JSON.stringify([host, order.approver]);
    if (waiting.count(host) >= MAX_WAITING_PER_HOST || waiting.count(person) >= MAX_WAITING_PER_PERSON) {
      throw new TooManySignInsError("more sign-ins wait at the auth server than may");
    }
    for (const owner of [host, person]) waiting.note(owner, state, INTERACTION_SECONDS);
    return () => {
      for (const owner of [host, person]) waiting.free(owner, state);
    };
  }

  async function beginAnew(visit: Pick<Interaction, "id" | "agent" | "order">): Promise<string> {
    const { id: interactionId } = visit;
    const times = begun.get(interactionId) ?? 0;
    if (times >= MAX_SIGN_INS_PER_VISIT) throw new TooManySignInsError("one visit begins no more sign-ins");
    const state = newSecret();
    const free = noteWaiting(visit, state);
    try {
      await agent.requestOwnToken({ authServer, scope: SCOPE, state, redirectUri });
    } catch (error) {
      if (!(error instanceof ConsentRequiredError)) {
        free();
        throw error;
      }
      const { consentUrl, keyThumbprint, expiresInSeconds } = error;
      visits.put(state, { interactionId, keyThumbprint, free }, INTERACTION_SECONDS);
      begun.put(interactionId, times + 1, INTERACTION_SECONDS);
      const keptSeconds = expiresInSeconds - Math.min(SIGN_IN_SECONDS, expiresInSeconds / 2);
      underway.put(interactionId, Promise.resolve(consentUrl), Math.min(keptSeconds, INTERACTION_SECONDS));
      return consentUrl;
    }
    throw new AAuthVerificationError(
      "token_request_failed",
      "the auth server named a user without asking one",
    );
  }

  return {
    begin(visit) {
      const { id: interactionId } = visit;
      // Also for a page that is loaded over and over: each request that the auth server has to remember may push out somebody else's.
      const known = underway.get(interactionId);
      if (known !== undefined) return known;
      const beginning = beginAnew(visit);
      underway.put(interactionId, beginning, INTERACTION_SECONDS);
      beginning.catch(() => underway.delete(interactionId));
      return beginning;
    },
    takeVisit(state) {
      const visit = state === undefined ? undefined : visits.take(state);
      // Its request token is used up.
      if (visit !== undefined) underway.delete(visit.interactionId);
      return visit;
    },
    async finish(code, { keyThumbprint, free }) {
      const { token } = await agent.redeemCode({
        authServer,
        code,
        redirectUri,
        ...(keyThumbprint !== undefined && { keyThumbprint }),
      });
      free();
      // Verified although it came straight from its issuer: whose decision counts depends on it.
      const claims = await verifyAuthToken(token, {
        audience: id,
        trustedIssuers: [authServer],
        discovery,
        now,
      });
      const { sub, name, email } = claims;
      if (sub === undefined)
        throw new AAuthVerificationError("token_claim_missing", "the auth server's token names no user");
      return {
        subject: sub,
        ...(typeof name === "string" && { name }),
        ...(typeof email === "string" && { email }),
      };
    },
  };
}
