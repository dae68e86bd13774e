import { StoreFullError, type Stores } from "aauth";
import { newSecret } from "agent-kit/service";
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { noStore } from "issuer-kit";
import { randomNonce, randomPKCECodeVerifier } from "openid-client";
import { createOpenidProvider, type OpenidProviderOptions } from "./openid-provider.ts";
import { createPendingSignIns } from "./pending-sign-ins.ts";
import { type BrowserSession, createSessions } from "./sessions.ts";
import { FAILURE_PAGES, SignInError } from "./sign-in-error.ts";

/** A page with one message, and a link to continue. */
export interface SignInMessage {
  readonly title: string;
  readonly text: string;
  /** Error code, for the developer. */
  readonly code?: string;
  readonly link: readonly [href: string, name: string];
}

export interface SignInOptions extends Omit<OpenidProviderOptions, "redirectUri"> {
  /** Own origin as browsers know it. */
  readonly publicUrl: URL;
  /** Path for a browser without another destination. */
  readonly home: string;
  /** 32 bytes, with which the cookies of sign-ins in progress are encrypted. */
  readonly cookieSecret: Uint8Array;
  readonly showMessage: (reply: FastifyReply, status: number, message: SignInMessage) => FastifyReply;
  readonly logger: FastifyBaseLogger;
  readonly stores: Pick<Stores, "records">;
}

/** Signs persons in at an OpenID provider, and recognizes them by a session of their browser. */
export interface SignIn {
  /** Session of this browser; undefined without one. */
  read(request: FastifyRequest): Promise<BrowserSession | undefined>;
  /**
   * Session of this browser, or undefined after the reply has been sent: to the provider, from
   * where the browser comes back to `returnTo`, or a page that reports why that is not possible.
   *
   * @param returnTo path and query of this server
   */
  require(
    request: FastifyRequest,
    reply: FastifyReply,
    returnTo: string,
  ): Promise<BrowserSession | undefined>;
  /** Path of a form without fields, with method POST, that signs out. */
  readonly signOutPath: string;
}

const CALLBACK_PATH = "/sign-in/callback";
const SIGN_OUT_PATH = "/sign-in/sign-out";
const MAX_RETURN_CHARACTERS = 2_048;

/**
 * Registers the callback and the sign-out.
 *
 * @throws SignInError for an issuer that is neither https nor, in development, http on loopback
 */
export async function createSignIn(app: FastifyInstance, options: SignInOptions): Promise<SignIn> {
  const { publicUrl, home, cookieSecret, showMessage, logger, stores, now } = options;
  const isSecure = publicUrl.protocol === "https:";
  const provider = createOpenidProvider({ ...options, redirectUri: new URL(CALLBACK_PATH, publicUrl).href });
  const sessions = createSessions({ isSecure, stores, now });
  const pending = createPendingSignIns({ isSecure, cookieSecret, stores, now });

  async function begin(request: FastifyRequest, reply: FastifyReply, returnTo: string): Promise<void> {
    try {
      const address = ownAddress(returnTo, publicUrl);
      const expected = {
        state: newSecret(),
        nonce: randomNonce(),
        codeVerifier: randomPKCECodeVerifier(),
      };
      const url = await provider.authorizationUrl(expected);
      pending.add(request, reply, { ...expected, returnTo: address });
      noStore(reply).redirect(url.href, 303);
    } catch (error) {
      sendFailure(reply, error, returnTo);
    }
  }

  function sendFailure(reply: FastifyReply, error: unknown, returnTo: string): FastifyReply {
    const failure = error instanceof StoreFullError ? tooMany(error) : error;
    if (!(failure instanceof SignInError)) throw failure;
    const { code, message } = failure;
    const { status, title, text } = FAILURE_PAGES[code];
    logger.warn({ code, reason: message }, "Sign-in failed");
    const isBad = code === "invalid_return";
    const link = [isBad ? home : returnTo, "Try again"] as const;
    return showMessage(reply, status, { title, text, code, link });
  }

  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      "application/x-www-form-urlencoded",
      { parseAs: "string", bodyLimit: 1_024 },
      (_request, _body, done) => done(null),
    );

    scope.get<{ Querystring: Readonly<Record<string, unknown>> }>(CALLBACK_PATH, async (request, reply) => {
      let returnTo = home;
      try {
        const signIn = await pending.take(request, reply, request.query.state);
        returnTo = signIn.returnTo;
        // This server's origin, whatever `Host` was.
        const response = new URL(request.originalUrl, publicUrl);
        const signedIn = await provider.redeem(response, signIn);
        await pending.redeemed(signIn, signedIn.person.id);
        await sessions.begin(request, reply, signedIn);
        logger.info("Person signed in");
        return noStore(reply).redirect(returnTo, 303);
      } catch (error) {
        return sendFailure(reply, error, returnTo);
      }
    });

    scope.post(SIGN_OUT_PATH, async (request, reply) => {
      // hole U8
      if (!isFromOwnPage(request, publicUrl)) {
        const text = "Only a page of this server can sign you out.";
        return showMessage(reply, 403, { title: "You are still signed in", text, link: [home, "Continue"] });
      }
      const session = await sessions.end(request, reply);
      const endSession =
        session === undefined
          ? undefined
          : await provider.endSessionUrl(session.idToken).catch(() => undefined);
      // hole U17
      if (endSession !== undefined) {
        // Not a redirect: `form-action` of the page would refuse what the provider redirects to.
        noStore(reply).header("refresh", `0; url=${endSession.href}`);
        const text = `Your session at ${options.issuer.host} ends there.`;
        const link = [endSession.href, "Continue"] as const;
        return showMessage(reply, 200, { title: "You are signed out here", text, link });
      }
      const text = `Your session at ${options.issuer.host} may continue: sign out there, too, before another person uses this browser.`;
      return showMessage(reply, 200, {
        title: "You are signed out here",
        text,
        link: [home, "Sign in again"],
      });
    });
  });

  return {
    read: (request) => sessions.read(request),
    async require(request, reply, returnTo) {
      const session = await sessions.read(request);
      if (session === undefined) await begin(request, reply, returnTo);
      return session;
    },
    signOutPath: SIGN_OUT_PATH,
  };
}

/**
 * The address of a path of this server.
 *
 * @throws SignInError `invalid_return`
 */
function ownAddress(path: string, publicUrl: URL): string {
  const url = URL.parse(path, publicUrl);
  if (url?.origin === publicUrl.origin && url.href.length <= MAX_RETURN_CHARACTERS) return url.href; // hole U10
  throw new SignInError("invalid_return", "a sign-in was asked to return to another server");
}

/** Pages without a referrer send `Origin: null`, so that `Sec-Fetch-Site` is read first. */
function isFromOwnPage({ headers }: FastifyRequest, publicUrl: URL): boolean {
  const site = headers["sec-fetch-site"];
  return site === undefined ? headers.origin === publicUrl.origin : site === "same-origin";
}

function tooMany(cause: Error): SignInError {
  return new SignInError("too_many_sign_ins", cause.message, { cause });
}
