import type { Stores } from "aauth";
import { newSecret } from "agent-kit/service";
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { noStore } from "issuer-kit";
import { randomNonce, randomPKCECodeVerifier } from "openid-client";
import { createFailurePage, type ShowMessage } from "./message-page.ts";
import { createOpenidProvider, type OpenidProviderOptions } from "./openid-provider.ts";
import { createPendingSignIns } from "./pending-sign-ins.ts";
import { type BrowserSession, createSessions } from "./sessions.ts";
import { SignInError } from "./sign-in-error.ts";
import { registerSignOut, SIGN_OUT_PATH, SWITCH_USER_PATH } from "./sign-out.ts";

export interface SignInOptions extends Omit<OpenidProviderOptions, "redirectUri"> {
  /** Own origin as browsers know it. */
  readonly publicUrl: URL;
  /** Path for a browser that has no other destination. */
  readonly home: string;
  /** 32 bytes that encrypt the cookies of sign-ins in progress. */
  readonly cookieSecret: Uint8Array;
  readonly showMessage: ShowMessage;
  readonly logger: FastifyBaseLogger;
  readonly stores: Pick<Stores, "records">;
}

/** Signs people in at an OpenID provider, and recognizes them by a browser session. */
export interface SignIn {
  /** Session of this browser, if any. */
  read(request: FastifyRequest): Promise<BrowserSession | undefined>;
  /**
   * Session of this browser. Undefined once a reply has been sent: either a redirect to the
   * provider, from which the browser returns to `returnTo`, or a page that explains why that is
   * impossible.
   *
   * @param returnTo path and query of this server
   */
  require(
    request: FastifyRequest,
    reply: FastifyReply,
    returnTo: string,
  ): Promise<BrowserSession | undefined>;
  /** Path that a `POST` without fields signs out at. */
  readonly signOutPath: string;
  /**
   * Path at which a `POST` without fields signs out here and lets another person sign in.
   *
   * @param returnTo path and query of this server
   */
  switchUserPath(returnTo: string): string;
}

const CALLBACK_PATH = "/sign-in/callback";
const MAX_RETURN_CHARACTERS = 2_048;

/**
 * Registers the callback and the sign-out.
 *
 * @throws SignInError for an issuer that is neither https nor, in development, http on loopback
 */
export async function createSignIn(app: FastifyInstance, options: SignInOptions): Promise<SignIn> {
  const { publicUrl, home, cookieSecret, logger, stores, now } = options;
  const provider = createOpenidProvider({ ...options, redirectUri: new URL(CALLBACK_PATH, publicUrl).href });
  const sessions = createSessions({ publicUrl, stores, now });
  const pending = createPendingSignIns({ publicUrl, cookieSecret, stores, now });
  const showFailure = createFailurePage(options);

  /** @throws SignInError */
  async function prepare(
    request: FastifyRequest,
    reply: FastifyReply,
    { returnTo, former, prompt }: { returnTo: string; former?: string; prompt?: "login" },
  ): Promise<URL> {
    const address = ownAddress(returnTo, publicUrl);
    const expected = {
      state: newSecret(),
      nonce: randomNonce(),
      codeVerifier: randomPKCECodeVerifier(),
    };
    const url = await provider.authorizationUrl(expected, prompt);
    pending.add(request, reply, { ...expected, returnTo: address, ...(former !== undefined && { former }) });
    return url;
  }

  async function begin(request: FastifyRequest, reply: FastifyReply, returnTo: string): Promise<void> {
    try {
      const url = await prepare(request, reply, { returnTo });
      noStore(reply).redirect(url.href, 303);
    } catch (error) {
      showFailure(reply, error, returnTo);
    }
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
        // Uses this server's origin regardless of `Host`.
        const response = new URL(request.originalUrl, publicUrl);
        const signedIn = await provider.redeem(response, signIn);
        await pending.redeemed(signIn, signedIn.person.id);
        // The provider's session is still that of the person who wants to leave.
        if (signIn.former === signedIn.person.id) {
          const url = await prepare(request, reply, { returnTo, prompt: "login" });
          return noStore(reply).redirect(url.href, 303);
        }
        await sessions.begin(request, reply, signedIn);
        logger.info("Person signed in");
        return noStore(reply).redirect(returnTo, 303);
      } catch (error) {
        return showFailure(reply, error, returnTo);
      }
    });

    registerSignOut(scope, { ...options, provider, sessions, prepare, showFailure });
  });

  return {
    read: (request) => sessions.read(request),
    async require(request, reply, returnTo) {
      const session = await sessions.read(request);
      if (session === undefined) await begin(request, reply, returnTo);
      return session;
    },
    signOutPath: SIGN_OUT_PATH,
    switchUserPath: (returnTo) => `${SWITCH_USER_PATH}?${new URLSearchParams({ return_to: returnTo })}`,
  };
}

/**
 * URL of a path on this server.
 *
 * @throws SignInError `invalid_return`
 */
function ownAddress(path: string, publicUrl: URL): string {
  const url = URL.parse(path, publicUrl);
  // hole U10: if (url !== null) return url.href;
  if (url?.origin === publicUrl.origin && url.href.length <= MAX_RETURN_CHARACTERS) return url.href;
  throw new SignInError("invalid_return", "a sign-in was asked to return to another server");
}
