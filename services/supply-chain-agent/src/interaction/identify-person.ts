import { QuotaStore } from "aauth";
import { INTERACTION_SECONDS, type Interaction, newSecret, type Person } from "./interactions.ts";

type Asking = Pick<Interaction, "id" | "owner" | "order">;

/** Identifies the user of a browser through the auth server. */
export interface IdentifyPerson {
  /**
   * Where to send the browser of an interaction: the same URL until the response has come, or the URL is about to expire.
   *
   * @throws TooManySignInsError; StoreFullError; as `begin` of {@link SignInMethod}
   */
  begin(asking: Asking): Promise<string>;
  /** The sign-in that a response of the auth server belongs to; once per response. */
  takeSignIn(state: string | undefined): SignIn | undefined;
  /** The user. Throws as `finish` of {@link SignInMethod} does. */
  finish(response: URL, signIn: SignIn): Promise<Person>;
}

/** How a person is signed in: by AAuth itself in February, by OpenID Connect in draft -11. */
export interface SignInMethod {
  /** @throws AAuthError */
  begin(state: string): Promise<BegunSignIn>;
}

/** A sign-in that the auth server waits for. */
export interface BegunSignIn {
  /** Where the browser goes. */
  readonly url: string;
  readonly expiresInSeconds: number;
  /**
   * Whom the auth server names.
   *
   * @param response the address that it has sent the browser to
   * @throws AAuthError
   */
  finish(response: URL): Promise<Person>;
}

/** What a sign-in asks for. */
export const SIGN_IN_SCOPE = "openid profile email";

/** The person that the claims of a verified token name. */
export function personIn({ sub, name, email }: Readonly<Record<string, unknown>> & { sub: string }): Person {
  return {
    subject: sub,
    ...(typeof name === "string" && { name }),
    ...(typeof email === "string" && { email }),
  };
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
  begun?: BegunSignIn;
  /** The response has come. The request stays pending at the auth server until its code is redeemed. */
  isAnswered: boolean;
}

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

/** Signs people in, and counts those that wait at the auth server. */
export function createIdentifyPerson(options: {
  method: SignInMethod;
  /** Unix seconds. */
  now: () => number;
}): IdentifyPerson {
  const { method, now } = options;
  /** By state: what waits at the auth server. */
  const waiting = new QuotaStore<SignIn>({
    maxEntries: MAX_WAITING,
    maxPerOwner: MAX_WAITING_PER_OWNER,
    now,
  });
  /** By interaction: where its browser is sent, or will be once the auth server has said so. */
  const underway = new QuotaStore<Promise<string>>({ maxEntries: MAX_SIGN_INS, now });

  /** Counts a sign-in for the interaction's agent and person, before the auth server is asked for it. */
  function noteWaiting({ id, owner, order: { approver } }: Asking): SignIn {
    const ofPerson = waiting.list(owner).filter((signIn) => signIn.approver === approver);
    if (!waiting.hasRoom(owner) || ofPerson.length >= MAX_WAITING_PER_PERSON) {
      throw new TooManySignInsError("too many sign-ins are pending at the auth server");
    }
    const signIn = { state: newSecret(), interactionId: id, approver, isAnswered: false };
    waiting.put(owner, signIn.state, signIn, INTERACTION_SECONDS);
    return signIn;
  }

  async function beginAgain(asking: Asking): Promise<string> {
    const { id: interactionId, owner } = asking;
    const signIn = noteWaiting(asking);
    try {
      signIn.begun = await method.begin(signIn.state);
    } catch (error) {
      waiting.delete(signIn.state);
      throw error;
    }
    const { url, expiresInSeconds } = signIn.begun;
    const keptSeconds = Math.min(
      expiresInSeconds - Math.min(SIGN_IN_SECONDS, expiresInSeconds / 2),
      INTERACTION_SECONDS,
    );
    underway.put(owner, interactionId, Promise.resolve(url), keptSeconds);
    return url;
  }

  return {
    begin(asking) {
      const { id: interactionId } = asking;
      // Also for a page that is loaded over and over: the auth server remembers each request.
      const known = underway.get(interactionId);
      if (known !== undefined) return known;
      const beginning = beginAgain(asking);
      beginning.catch(() => underway.delete(interactionId));
      underway.put(asking.owner, interactionId, beginning, INTERACTION_SECONDS);
      return beginning;
    },
    takeSignIn(state) {
      const signIn = state === undefined ? undefined : waiting.get(state);
      if (signIn?.begun === undefined || signIn.isAnswered) return undefined;
      signIn.isAnswered = true;
      // Its request token is used up.
      underway.delete(signIn.interactionId);
      return signIn;
    },
    async finish(response, { begun, state }) {
      const person = await begun!.finish(response);
      waiting.delete(state);
      return person;
    },
  };
}
