import type { FastifyInstance, FastifyRequest } from "fastify";
import { noStore } from "issuer-kit";
import type { ShowMessage } from "./message-page.ts";
import type { OpenidProvider } from "./openid-provider.ts";
import type { Sessions } from "./sessions.ts";

export const SIGN_OUT_PATH = "/sign-in/sign-out";

interface SignOutOptions {
  /** Own origin as browsers know it. */
  readonly publicUrl: URL;
  /** Path for a browser that has no other destination. */
  readonly home: string;
  readonly issuer: URL;
  readonly provider: OpenidProvider;
  readonly sessions: Sessions;
  readonly showMessage: ShowMessage;
}

/** Registers the sign-out route, which ends the session here and, if possible, at the provider. */
export function registerSignOut(scope: FastifyInstance, options: SignOutOptions): void {
  const { publicUrl, home, issuer, provider, sessions, showMessage } = options;
  scope.post(SIGN_OUT_PATH, async (request, reply) => {
    // hole U8
    if (!isFromOwnPage(request, publicUrl)) {
      const text = "You can only sign out from a page of this server.";
      return showMessage(reply, 403, { title: "You are still signed in", text, link: [home, "Continue"] });
    }
    const session = await sessions.end(request, reply);
    const endSession =
      session === undefined
        ? undefined
        : await provider.endSessionUrl(session.idToken).catch(() => undefined);
    const title = "You are signed out here";
    // hole U17
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
