import { StoreFullError, type Stores } from "aauth";
import { digestOf, newSecret } from "agent-kit/service";
import { INTERACTION_SECONDS, type Interaction, type Interactions, type Person } from "./interactions.ts";

type Asking = Pick<Interaction, "id" | "owner" | "order" | "signIn">;

/** Identifies the user of a browser through the auth server. */
export interface IdentifyPerson {
  /**
   * Returns the URL to which to send the interaction's browser: the same one until the response
   * arrives or the URL is about to expire.
   *
   * @throws TooManySignInsError; as `begin` of {@link SignInMethod}
   */
  begin(asking: Asking): Promise<string>;
  /** Returns the sign-in that an auth server's response belongs to, once per response. */
  takeSignIn(state: string | undefined): Promise<SignIn | undefined>;
  /** Returns the user. Throws as `finish` of {@link SignInMethod} does. */
  finish(response: URL, signIn: SignIn): Promise<Person>;
}

/** Sign-in method: AAuth itself in February, OpenID Connect in draft -11. */
export interface SignInMethod {
  /** @throws AAuthError */
  begin(state: string): Promise<BegunSignIn>;
  /**
   * Returns the person that the auth server names. Works at any replica.
   *
   * @param response the URL to which it has sent the browser
   * @throws AAuthError
   */
  finish(response: URL, expected: Expected): Promise<Person>;
}

/** State of a sign-in that the method needs when the response arrives. */
export type Expected = Readonly<Record<string, string>>;

/** A sign-in that is pending at the auth server. */
export interface BegunSignIn {
  /** URL for the browser. */
  readonly url: string;
  readonly expiresInSeconds: number;
  readonly expected: Expected;
}

/** Requested scopes. */
export const SIGN_IN_SCOPE = "openid profile email";

/** Reads the person from a verified token's claims. */
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
  /** Owner that it is charged to. */
  readonly owner: string;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** The approver that the order names. */
  readonly approver: string;
  /** Absent until the auth server has answered. */
  readonly expected?: Expected;
  /**
   * Whether the response has arrived. The request stays pending at the auth server until its code
   * is redeemed.
   */
  readonly isAnswered: boolean;
}

/**
 * Limits on pending sign-ins at the auth server: for one person named by one owner's agents, for
 * all of that owner, and in total. The total is this agent's quota there, a tenth of the auth
 * server's capacity.
 */
const MAX_WAITING_PER_PERSON = 20;
const MAX_WAITING_PER_OWNER = 200;
const MAX_WAITING = 1_000;
/** Time needed to sign in. With less time left, a new sign-in is requested. */
const SIGN_IN_SECONDS = 60;

/**
 * Signs people in, and limits the sign-ins pending at the auth server. Replicas share the stores.
 */
export function createIdentifyPerson(options: {
  method: SignInMethod;
  interactions: Pick<Interactions, "note">;
  stores: Stores;
  /** Unix seconds. */
  now: () => number;
}): IdentifyPerson {
  const { method, interactions, stores, now } = options;
  /** Sign-ins pending at the auth server, by the hash of their state. */
  const waiting = stores.records<SignIn>("sign-ins", { maxEntries: MAX_WAITING });
  /** Sign-ins that this process is starting, by interaction. */
  const beginning = new Map<string, Promise<string>>();

  /** Counts a sign-in for the interaction's agent and person before the auth server is called. */
  async function noteWaiting({ id, owner, order: { approver } }: Asking): Promise<SignIn> {
    const ofOwner = await waiting.list(owner);
    const ofPerson = ofOwner.filter((signIn) => signIn.approver === approver);
    if (ofOwner.length >= MAX_WAITING_PER_OWNER || ofPerson.length >= MAX_WAITING_PER_PERSON) throw tooMany();
    const expiresAt = now() + INTERACTION_SECONDS;
    const signIn: SignIn = {
      state: newSecret(),
      interactionId: id,
      owner,
      expiresAt,
      approver,
      isAnswered: false,
    };
    try {
      await waiting.put(digestOf(signIn.state), signIn, termsOf(signIn));
    } catch (error) {
      throw error instanceof StoreFullError ? tooMany() : error;
    }
    return signIn;
  }

  /** Keeps the remaining lifetime, so that changes do not extend it. */
  const termsOf = ({ owner, expiresAt }: SignIn) => ({ owner, ttlSeconds: Math.max(1, expiresAt - now()) });

  async function beginAgain(asking: Asking): Promise<string> {
    const signIn = await noteWaiting(asking);
    const key = digestOf(signIn.state);
    try {
      const { url, expiresInSeconds, expected } = await method.begin(signIn.state);
      await waiting.put(key, { ...signIn, expected }, termsOf(signIn));
      const until = now() + expiresInSeconds - Math.min(SIGN_IN_SECONDS, expiresInSeconds / 2);
      await interactions.note(asking.id, { signIn: { url, until } });
      return url;
    } catch (error) {
      await waiting.delete(key);
      throw error;
    }
  }

  return {
    async begin(asking) {
      const { id, signIn } = asking;
      // Reused even if a page is reloaded repeatedly, because the auth server remembers each
      // request.
      if (signIn !== undefined && now() < signIn.until) return signIn.url;
      const known = beginning.get(id);
      if (known !== undefined) return known;
      const begun = beginAgain(asking).finally(() => beginning.delete(id));
      beginning.set(id, begun);
      return begun;
    },
    async takeSignIn(state) {
      if (state === undefined) return undefined;
      let taken: SignIn | undefined;
      await waiting.update(digestOf(state), (signIn) => {
        taken = signIn?.expected === undefined || signIn.isAnswered ? undefined : signIn;
        return taken && { value: { ...taken, isAnswered: true }, ...termsOf(taken) };
      });
      // Its request token is used up.
      if (taken !== undefined) await interactions.note(taken.interactionId, { signIn: undefined });
      return taken;
    },
    async finish(response, { expected, state }) {
      const person = await method.finish(response, expected ?? {});
      await waiting.delete(digestOf(state));
      return person;
    },
  };
}

const tooMany = () => new TooManySignInsError("too many sign-ins are pending at the auth server");
