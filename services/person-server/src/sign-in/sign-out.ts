import type { FastifyInstance, FastifyRequest } from "fastify";
import { noStore } from "issuer-kit";
import type { ShowMessage } from "./message-page.ts";
import type { OpenidProvider } from "./openid-provider.ts";
import type { Sessions } from "./sessions.ts";

export const SIGN_OUT_PATH = "/sign-in/sign-out";

interface SignOutOptions {
  /** Own origin as browsers know it. */
  readonly publicUrl: URL;
  /** Path for a browser without another destination. */
  readonly home: string;
  readonly issuer: URL;
  readonly provider: OpenidProvider;
  readonly sessions: Sessions;
  readonly showMessage: ShowMessage;
}

/** Registers the form's action that ends a session here and, where it can, at the provider. */
export function registerSignOut(scope: FastifyInstance, options: SignOutOptions): void {
  const { publicUrl, home, issuer, provider, sessions, showMessage } = options;
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
    const title = "You are signed out here";
    // hole U17
    if (endSession !== undefined) {
      // Not a redirect: `form-action` of the page would refuse what the provider redirects to.
      noStore(reply).header("refresh", `0; url=${endSession.href}`);
      const text = `Your session at ${issuer.host} ends there.`;
      return showMessage(reply, 200, { title, text, link: [endSession.href, "Continue"] });
    }
    const text = `Your session at ${issuer.host} may continue: sign out there, too, before another person uses this browser.`;
    return showMessage(reply, 200, { title, text, link: [home, "Sign in again"] });
  });
}

/** Pages without a referrer send `Origin: null`, so that `Sec-Fetch-Site` is read first. */
function isFromOwnPage({ headers }: FastifyRequest, publicUrl: URL): boolean {
  const site = headers["sec-fetch-site"];
  return site === undefined ? headers.origin === publicUrl.origin : site === "same-origin";
}
