import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { noStore } from "issuer-kit";
import type { ShowMessage } from "./message-page.ts";
import type { OpenidProvider } from "./openid-provider.ts";
import type { Sessions } from "./sessions.ts";

export const SIGN_OUT_PATH = "/sign-in/sign-out";
export const SWITCH_USER_PATH = "/sign-in/switch-user";

const SIGNED_OUT = "You are signed out here";

interface SignOutOptions {
  /** Own origin as browsers know it. */
  readonly publicUrl: URL;
  /** Path for a browser that has no other destination. */
  readonly home: string;
  readonly issuer: URL;
  readonly provider: OpenidProvider;
  readonly sessions: Sessions;
  readonly showMessage: ShowMessage;
  readonly showFailure: (reply: FastifyReply, error: unknown, returnTo: string) => FastifyReply;
  /** Begins a sign-in and returns the address of the provider's page. */
  readonly prepare: (
    request: FastifyRequest,
    reply: FastifyReply,
    signIn: { returnTo: string; former?: string },
  ) => Promise<URL>;
}

/**
 * Registers the sign-out route, which ends the session here and, if possible, at the provider, and
 * the route that ends it here for another person to sign in.
 */
export function registerSignOut(scope: FastifyInstance, options: SignOutOptions): void {
  const { publicUrl, home, issuer, provider, sessions, prepare, showMessage, showFailure } = options;
  const preHandler = async (request: FastifyRequest, reply: FastifyReply) => {
    const text = "You can only sign out from a page of this server.";
    const refused = { title: "You are still signed in", text, link: [home, "Continue"] } as const;
    if (!isFromOwnPage(request, publicUrl)) return showMessage(reply, 403, refused); // hole U8
    return undefined;
  };

  scope.post<{ Querystring: { return_to?: unknown } }>(
    SWITCH_USER_PATH,
    { preHandler },
    async (request, reply) => {
      const { return_to: returnTo } = request.query;
      const signIn = { returnTo: typeof returnTo === "string" ? returnTo : home };
      const session = await sessions.end(request, reply);
      try {
        const { href } = await prepare(request, reply, {
          ...signIn,
          ...(session && { former: session.person.id }),
        });
        // Not a redirect, as below.
        noStore(reply).header("refresh", `0; url=${href}`);
        const text = `Sign in at ${issuer.host}, and the request opens again.`;
        return showMessage(reply, 200, { title: SIGNED_OUT, text, link: [href, "Continue"] });
      } catch (error) {
        return showFailure(reply, error, signIn.returnTo);
      }
    },
  );

  scope.post(SIGN_OUT_PATH, { preHandler }, async (request, reply) => {
    const session = await sessions.end(request, reply);
    const endSession =
      session === undefined
        ? undefined
        : await provider.endSessionUrl(session.idToken).catch(() => undefined);
    const title = SIGNED_OUT;
    // hole U17: if (endSession !== undefined) return noStore(reply).redirect(endSession.href, 303);
    if (endSession !== undefined) {
      // Not a redirect: the page's `form-action` directive would block the provider's own
      // redirects.
      noStore(reply).header("refresh", `0; url=${endSession.href}`);
      const text = `Your session at ${issuer.host} ends now, too.`;
      return showMessage(reply, 200, { title, text, link: [endSession.href, "Continue"] });
    }
    const text = `Your session at ${issuer.host} may continue: sign out there, too, before another person uses this browser.`;
    return showMessage(reply, 200, { title, text, link: [home, "Sign in again"] });
  });
}

/** Reads `Sec-Fetch-Site` first, because pages without a referrer send `Origin: null`. */
function isFromOwnPage({ headers }: FastifyRequest, publicUrl: URL): boolean {
  const site = headers["sec-fetch-site"];
  return site === undefined ? headers.origin === publicUrl.origin : site === "same-origin";
}
