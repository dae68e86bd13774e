import { AAuthVerificationError, ConsentRequiredError, type Discovery, ownerOf, QuotaStore } from "aauth";
import type { Agent } from "aauth/agent";
import { verifyAuthToken } from "aauth/issuer";
import { INTERACTION_SECONDS, type Interaction, newSecret, type Person } from "./interactions.ts";

type Asking = Pick<Interaction, "id" | "agent" | "order">;

/** Identifies the user of a browser through the auth server. */
export interface IdentifyPerson {
  /**
   * Where to send the browser of an interaction: the same URL until the response has come, or the URL is about to expire.
   *
   * @throws TooManySignInsError; StoreFullError; as `Agent.requestOwnToken`
   */
  begin(asking: Asking): Promise<string>;
  /** The sign-in that a response of the auth server belongs to; once per response. */
  takeSignIn(state: string | undefined): SignIn | undefined;
  /** The user. Throws as `Agent.redeemCode` and `verifyAuthToken` do. */
  finish(code: string, signIn: SignIn): Promise<Person>;
}

/** Too many sign-ins are pending for the interaction's user or its agent. */
export class TooManySignInsError extends Error {
  override readonly name = "TooManySignInsError";
  readonly code = "too_many_sign_ins";
}

/** A browser that was sent to the auth server. */
interface SignIn {
  readonly state: string;
  readonly interactionId: string;
  /** The person that the order names. */
  readonly approver: string;
  /** The key that asked: it redeems the code, also after a rotation. */
  keyThumbprint?: string | undefined;
  /** The response has come. The request stays pending at the auth server until its code is redeemed. */
  isAnswered: boolean;
}

const SCOPE = "openid profile email";
const MAX_SIGN_INS = 10_000;
/**
 * Sign-ins that wait at the auth server for one person whom the agents of one owner name, for all of that owner, and in total: a tenth of what
 * it keeps, which is this agent's quota there. With more of them the oldest would go, whichever agent it is for.
 */
const MAX_WAITING_PER_PERSON = 20;
const MAX_WAITING_PER_OWNER = 200;
const MAX_WAITING = 1_000;
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
  /** By state: what waits at the auth server. */
  const waiting = new QuotaStore<SignIn>({
    maxEntries: MAX_WAITING,
    maxPerOwner: MAX_WAITING_PER_OWNER,
    now,
  });
  /** By interaction: where its browser is sent, or will be once the auth server has said so. */
  const underway = new QuotaStore<Promise<string>>({ maxEntries: MAX_SIGN_INS, now });

  /** Counts a sign-in for the interaction's agent and person, before the auth server is asked for it. */
  function noteWaiting({ id, agent, order: { approver } }: Asking): SignIn {
    const owner = ownerOf(agent);
    const ofPerson = waiting.list(owner).filter((signIn) => signIn.approver === approver);
    if (!waiting.hasRoom(owner) || ofPerson.length >= MAX_WAITING_PER_PERSON) {
      throw new TooManySignInsError("too many sign-ins are pending at the auth server");
    }
    const signIn = { state: newSecret(), interactionId: id, approver, isAnswered: false };
    waiting.put(owner, signIn.state, signIn, INTERACTION_SECONDS);
    return signIn;
  }

  async function beginAgain(asking: Asking): Promise<string> {
    const { id: interactionId } = asking;
    const owner = ownerOf(asking.agent);
    const signIn = noteWaiting(asking);
    const { state } = signIn;
    try {
      await agent.requestOwnToken({ authServer, scope: SCOPE, state, redirectUri });
    } catch (error) {
      if (!(error instanceof ConsentRequiredError)) {
        waiting.delete(state);
        throw error;
      }
      const { consentUrl, keyThumbprint, expiresInSeconds } = error;
      signIn.keyThumbprint = keyThumbprint;
      const keptSeconds = Math.min(
        expiresInSeconds - Math.min(SIGN_IN_SECONDS, expiresInSeconds / 2),
        INTERACTION_SECONDS,
      );
      underway.put(owner, interactionId, Promise.resolve(consentUrl), keptSeconds);
      return consentUrl;
    }
    throw new AAuthVerificationError(
      "token_request_failed",
      "the auth server named a user without asking one",
    );
  }

  return {
    begin(asking) {
      const { id: interactionId } = asking;
      // Also for a page that is loaded over and over: the auth server remembers each request.
      const known = underway.get(interactionId);
      if (known !== undefined) return known;
      const beginning = beginAgain(asking);
      beginning.catch(() => underway.delete(interactionId));
      underway.put(ownerOf(asking.agent), interactionId, beginning, INTERACTION_SECONDS);
      return beginning;
    },
    takeSignIn(state) {
      const signIn = state === undefined ? undefined : waiting.get(state);
      if (signIn === undefined || signIn.isAnswered) return undefined;
      signIn.isAnswered = true;
      // Its request token is used up.
      underway.delete(signIn.interactionId);
      return signIn;
    },
    async finish(code, { keyThumbprint, state }) {
      const { token } = await agent.redeemCode({
        authServer,
        code,
        redirectUri,
        ...(keyThumbprint !== undefined && { keyThumbprint }),
      });
      waiting.delete(state);
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
