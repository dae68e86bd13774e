import { hash, randomBytes } from "node:crypto";
import { QuotaStore } from "aauth";
import type { FastifyReply, FastifyRequest } from "fastify";
import { type Cookie, createCookie } from "./cookie.ts";
import type { Person } from "./person.ts";

/** The session of a browser whose person has signed in. */
export interface BrowserSession {
  /** Not a secret. Changes with a sign-out, and with another person's sign-in. */
  readonly id: string;
  readonly person: Person;
}

/** A session as the server keeps it. */
interface KeptSession extends BrowserSession {
  /** Hint for the provider's end-session endpoint. */
  readonly idToken: string | undefined;
}

/** Sessions of browsers, kept in this process and found by a cookie. */
export interface Sessions {
  read(request: FastifyRequest): KeptSession | undefined;
  /** Begins a session in place of the browser's former one. */
  begin(request: FastifyRequest, reply: FastifyReply, signedIn: Omit<KeptSession, "id">): void;
  /** Ends the browser's session; undefined without one. */
  end(request: FastifyRequest, reply: FastifyReply): KeptSession | undefined;
}

/** A working day. */
const SESSION_SECONDS = 8 * 3_600;
/** Of all persons, and of one; beyond that one's oldest ends. */
export const SESSION_BOUNDS = { maxEntries: 10_000, maxPerOwner: 50 };

export function createSessions(options: { isSecure: boolean; now: () => number }): Sessions {
  const { isSecure, now } = options;
  const cookie: Cookie = createCookie("person-server-session", isSecure);
  const sessions = new QuotaStore<KeptSession>({ ...SESSION_BOUNDS, now });

  function take(request: FastifyRequest): KeptSession | undefined {
    const secret = cookie.read(request);
    return secret === undefined ? undefined : sessions.take(digestOf(secret));
  }

  return {
    read(request) {
      const secret = cookie.read(request);
      return secret === undefined ? undefined : sessions.get(digestOf(secret));
    },
    begin(request, reply, { person, idToken }) {
      const former = take(request);
      // Pages that the same person has open in other tabs stay valid.
      const isSame = former?.person.id === person.id; // hole U6
      const id = isSame && former !== undefined ? former.id : newSecret();
      const secret = newSecret(); // hole U5
      sessions.put(person.id, digestOf(secret), { id, person, idToken }, SESSION_SECONDS);
      cookie.write(reply, secret, SESSION_SECONDS);
    },
    end(request, reply) {
      cookie.clear(reply);
      return take(request);
    },
  };
}

/** 256 random bits, base64url. */
export const newSecret = (): string => randomBytes(32).toString("base64url");

/** The digest that is kept in place of a secret. */
export const digestOf = (secret: string): string => hash("sha256", secret, "base64url");
