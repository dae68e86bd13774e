import { AAuthError, ConsentRequiredError, createMemoryStore, type Discovery, verifyAuthToken } from "aauth";
import type { Agent } from "aauth/agent";
import { INTERACTION_SECONDS, newSecret, type Person } from "./interactions.ts";

/** Learns from the auth server who is sitting at a browser. */
export interface IdentifyPerson {
  /** Where to send the browser for visit `interactionId`. */
  begin(interactionId: string): Promise<string>;
  /** Which visit an answer of the auth server belongs to; once per answer. */
  takeVisit(state: string | undefined): Visit | undefined;
  /** Who it is. Throws as `Agent.redeemCode` and `verifyAuthToken` do. */
  finish(code: string, visit: Visit): Promise<Person>;
}

/** A browser that was sent to the auth server. */
interface Visit {
  readonly interactionId: string;
  /** The key that asked: it redeems the code, also after a rotation. */
  readonly keyThumbprint: string | undefined;
}

const SCOPE = "openid profile email";
const MAX_SIGN_INS = 10_000;

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
  return {
    async begin(interactionId) {
      const state = newSecret();
      try {
        await agent.requestOwnToken({ authServer, scope: SCOPE, state, redirectUri });
      } catch (error) {
        if (!(error instanceof ConsentRequiredError)) throw error;
        const { consentUrl, keyThumbprint } = error;
        visits.put(state, { interactionId, keyThumbprint }, INTERACTION_SECONDS);
        return consentUrl;
      }
      throw new AAuthError("token_request_failed", "the auth server named a user without asking one");
    },
    takeVisit: (state) => (state === undefined ? undefined : visits.take(state)),
    async finish(code, { keyThumbprint }) {
      const { authToken } = await agent.redeemCode({
        authServer,
        code,
        redirectUri,
        ...(keyThumbprint !== undefined && { keyThumbprint }),
      });
      // Verified although it came straight from its issuer: whose decision counts depends on it.
      const claims = await verifyAuthToken(authToken, {
        audience: id,
        trustedIssuers: [authServer],
        discovery,
        now,
      });
      const { sub, name, email } = claims;
      if (sub === undefined)
        throw new AAuthError("token_claim_missing", "the auth server's token names no user");
      return {
        subject: sub,
        ...(typeof name === "string" && { name }),
        ...(typeof email === "string" && { email }),
      };
    },
  };
}
