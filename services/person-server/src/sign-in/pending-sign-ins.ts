import { QuotaStore } from "aauth";
import { networkOf } from "agent-kit/service";
import type { FastifyReply, FastifyRequest } from "fastify";
import { createCookie } from "./cookie.ts";
import type { Expected } from "./openid-provider.ts";
import { digestOf, newSecret } from "./sessions.ts";
import { SignInError } from "./sign-in-error.ts";

/** A sign-in that the provider has not answered. */
export interface PendingSignIn extends Expected {
  /** Address of this server that the browser continues at. */
  readonly returnTo: string;
}

/**
 * Sign-ins in progress. Each belongs to the browser that has begun it, and is used once; each tab
 * has its own.
 */
export interface PendingSignIns {
  /** @throws StoreFullError */
  add(request: FastifyRequest, reply: FastifyReply, signIn: PendingSignIn): void;
  /** @throws SignInError `sign_in_unknown` */
  take(request: FastifyRequest, state: unknown): PendingSignIn;
}

const SIGN_IN_SECONDS = 900;
/**
 * Any caller can begin a sign-in, with an address of 2 KB. A network that floods leaves half of the
 * entries to others.
 */
const BOUNDS = { maxEntries: 4_000, maxPerOwner: 2_000 };

export function createPendingSignIns(options: { isSecure: boolean; now: () => number }): PendingSignIns {
  const { isSecure, now } = options;
  const cookie = createCookie("person-server-sign-in", isSecure);
  const pending = new QuotaStore<PendingSignIn & { readonly browser: string }>({ ...BOUNDS, now });
  return {
    add(request, reply, signIn) {
      const secret = cookie.read(request) ?? newSecret();
      const kept = { ...signIn, browser: digestOf(secret) };
      pending.put(networkOf(request.ip), signIn.state, kept, SIGN_IN_SECONDS);
      cookie.write(reply, secret, SIGN_IN_SECONDS);
    },
    take(request, state) {
      const signIn = typeof state === "string" ? pending.get(state) : undefined;
      if (signIn === undefined) throw unknown();
      if (signIn.browser !== digestOf(cookie.read(request) ?? "")) throw unknown(); // hole U4
      pending.delete(signIn.state); // hole U3
      return signIn;
    },
  };
}

function unknown(): SignInError {
  return new SignInError("sign_in_unknown", "no sign-in of this browser has this `state`");
}
