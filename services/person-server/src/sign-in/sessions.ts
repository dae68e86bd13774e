import type { Stores } from "aauth";
import { digestOf, newSecret } from "agent-kit/service";
import type { FastifyReply, FastifyRequest } from "fastify";
import { cookieName } from "issuer-kit";
import { type Cookie, createCookie } from "./cookie.ts";
import type { Person } from "./person.ts";

/** The session of a browser whose person has signed in. */
export interface BrowserSession {
  /** Not a secret. Changes when the person signs out or another person signs in. */
  readonly id: string;
  readonly person: Person;
  /** Unix seconds. */
  readonly signedInAt: number;
}

/** A session as the server stores it. */
interface KeptSession extends BrowserSession {
  /** Digest of the cookie, which is the key in the store. */
  readonly key: string;
  /** Hint for the provider's end-session endpoint. */
  readonly idToken: string | undefined;
}

/** Browser sessions, shared by all replicas and identified by a cookie. */
export interface Sessions {
  read(request: FastifyRequest): Promise<KeptSession | undefined>;
  /**
   * Begins a session that replaces the browser's previous one. A person's oldest session ends
   * beyond 50.
   *
   * @throws StoreFullError
   */
  begin(
    request: FastifyRequest,
    reply: FastifyReply,
    signedIn: Pick<KeptSession, "person" | "idToken">,
  ): Promise<void>;
  /** Ends the browser's session; returns undefined if it has none. */
  end(request: FastifyRequest, reply: FastifyReply): Promise<KeptSession | undefined>;
}

/** A working day. */
const SESSION_SECONDS = 8 * 3_600;
const MAX_PER_PERSON = 50;

export function createSessions(options: {
  publicUrl: URL;
  stores: Pick<Stores, "records">;
  /** Unix seconds. */
  now: () => number;
}): Sessions {
  const { publicUrl, stores, now } = options;
  const cookie: Cookie = createCookie(cookieName("person-server-session", publicUrl), publicUrl);
  const sessions = stores.records<KeptSession>("browser sessions");

  async function take(request: FastifyRequest): Promise<KeptSession | undefined> {
    const secret = cookie.read(request);
    return secret === undefined ? undefined : sessions.take(digestOf(secret));
  }

  return {
    async read(request) {
      const secret = cookie.read(request);
      return secret === undefined ? undefined : sessions.get(digestOf(secret));
    },
    async begin(request, reply, { person, idToken }) {
      const former = await take(request);
      // Keeps pages valid that the same person has open in other tabs.
      const isSame = former?.person.id === person.id; // hole U6: true
      const id = isSame && former !== undefined ? former.id : newSecret();
      const secret = newSecret(); // hole U5: cookie.read(request) ?? newSecret()
      const key = digestOf(secret);
      const kept = { key, id, person, idToken, signedInAt: now() };
      for (const { key } of (await sessions.list(person.id)).slice(0, 1 - MAX_PER_PERSON))
        await sessions.delete(key);
      await sessions.put(key, kept, { owner: person.id, ttlSeconds: SESSION_SECONDS });
      cookie.write(reply, secret, SESSION_SECONDS);
    },
    async end(request, reply) {
      cookie.clear(reply);
      return take(request);
    },
  };
}
