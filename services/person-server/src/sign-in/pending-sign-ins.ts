import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { Stores } from "aauth";
import { digestOf } from "agent-kit/service";
import type { FastifyReply, FastifyRequest } from "fastify";
import { cookieName } from "issuer-kit";
import { cookieNames, createCookie } from "./cookie.ts";
import type { Expected } from "./openid-provider.ts";
import { SignInError } from "./sign-in-error.ts";

/** A sign-in that awaits the provider's response. */
export interface PendingSignIn extends Expected {
  /** URL of this server where the browser continues. */
  readonly returnTo: string;
  /** The person that another one replaces. Default: none. */
  readonly former?: string;
}

/**
 * Sign-ins in progress. Each belongs to the browser that began it and is redeemed once. The browser
 * keeps it encrypted in a cookie, so that unauthenticated callers use no storage.
 */
export interface PendingSignIns {
  add(request: FastifyRequest, reply: FastifyReply, signIn: PendingSignIn): void;
  /**
   * Returns the sign-in of an authorization response and clears its cookie.
   *
   * @throws SignInError `sign_in_unknown`
   */
  take(request: FastifyRequest, reply: FastifyReply, state: unknown): Promise<PendingSignIn>;
  /**
   * Records, once, that a person has completed this sign-in.
   *
   * @throws SignInError `sign_in_unknown` if another response came first
   * @throws StoreFullError
   */
  redeemed(signIn: PendingSignIn, person: string): Promise<void>;
}

type Sealed = PendingSignIn & {
  /** Unix seconds. */
  readonly expiresAt: number;
};

const SIGN_IN_SECONDS = 900;
/** Each cookie may hold a URL of 2 KB, and every request carries all of them. */
const MAX_PER_BROWSER = 8;

/** @param options.cookieSecret 32 bytes that encrypt the cookies */
export function createPendingSignIns(options: {
  publicUrl: URL;
  cookieSecret: Uint8Array;
  stores: Pick<Stores, "records">;
  /** Unix seconds. */
  now: () => number;
}): PendingSignIns {
  const { publicUrl, cookieSecret, stores, now } = options;
  const prefix = `${cookieName("person-server-sign-in", publicUrl)}-`;
  const { seal, open } = createSeal(cookieSecret);
  const used = stores.records<true>("redeemed sign-ins");
  const cookieOf = (suffix: string) => createCookie(prefix + suffix, publicUrl);

  return {
    add(request, reply, signIn) {
      // Browsers send the oldest first (RFC 6265, section 5.4).
      const begun = cookieNames(request, prefix, publicUrl).slice(0, 1 - MAX_PER_BROWSER);
      for (const suffix of begun) cookieOf(suffix).clear(reply); // hole U12
      const sealed: Sealed = { ...signIn, expiresAt: now() + SIGN_IN_SECONDS };
      cookieOf(digestOf(signIn.state)).write(reply, seal(JSON.stringify(sealed)), SIGN_IN_SECONDS);
    },
    async take(request, reply, state) {
      if (typeof state !== "string") throw unknown();
      const cookie = cookieOf(digestOf(state));
      const text = open(cookie.read(request) ?? "");
      if (text === undefined) throw unknown();
      const { expiresAt, ...signIn } = JSON.parse(text) as Sealed;
      cookie.clear(reply);
      if (signIn.state !== state) throw unknown(); // hole U4
      if (expiresAt <= now()) throw unknown(); // hole U3a
      if ((await used.get(digestOf(state))) !== undefined) throw unknown(); // hole U3
      return signIn;
    },
    async redeemed({ state }, owner) {
      const isFirst = await used.putIfAbsent(digestOf(state), true, { owner, ttlSeconds: SIGN_IN_SECONDS });
      if (!isFirst) throw unknown(); // hole V53
    },
  };
}

const CIPHER = "aes-256-gcm";
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Encrypts text with a key. `open` returns undefined for anything that was not sealed with it. */
function createSeal(key: Uint8Array) {
  return {
    seal(text: string): string {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(CIPHER, key, iv);
      const sealed = [cipher.update(text, "utf8"), cipher.final()];
      return Buffer.concat([iv, cipher.getAuthTag(), ...sealed]).toString("base64url");
    },
    open(value: string): string | undefined {
      const bytes = Buffer.from(value, "base64url");
      if (bytes.length < IV_BYTES + TAG_BYTES) return undefined;
      const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, IV_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      const text = decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES));
      try {
        return Buffer.concat([text, decipher.final()]).toString();
      } catch {
        return undefined;
      }
    },
  };
}

function unknown(): SignInError {
  return new SignInError("sign_in_unknown", "no sign-in of this browser has this `state`");
}
