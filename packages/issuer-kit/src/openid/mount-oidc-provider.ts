import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Provider } from "oidc-provider";
import { invalidRequest, oauthErrorOf, quoted } from "../oauth-error.ts";
import { sendRefusal } from "../pages/message-page.ts";
import type { Site } from "../pages/page.ts";
import { requireShort } from "../parameters.ts";

const MAX_QUERY_LENGTH = 8_192;

/**
 * Headers of every response, unless a page of this server has stricter ones. The library has pages
 * of its own: a form that submits itself by a script that the library adds to `script-src`, and
 * that may lead to any application.
 */
const GUARDED = Object.entries({
  "cache-control": "no-store",
  pragma: "no-cache",
  "content-security-policy": "default-src 'none'; script-src; base-uri 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
});

/** Paths of an OpenID provider, relative to its issuer's path, under oidc-provider's names. */
export interface OidcRoutes {
  readonly authorization: string;
  readonly token: string;
  readonly jwks: string;
  /** Default: no sign-out. */
  readonly end_session?: string;
}

/**
 * Serves the OpenID paths by oidc-provider, except the key set. Bodies are left unread for it. Host
 * and scheme of the request are replaced by those of the issuer: the library builds absolute URLs
 * from them, and a caller must not choose them.
 */
export async function mountOidcProvider(
  app: FastifyInstance,
  options: {
    provider: () => Provider;
    issuer: string;
    site: Site;
    routes: OidcRoutes;
    /** Client of this server itself, whose `state` may be longer than others. Default: none. */
    ownClientId?: string;
  },
): Promise<void> {
  const { provider, issuer, site, routes, ownClientId } = options;
  const { host, protocol, pathname } = new URL(issuer);
  const base = pathname === "/" ? "" : pathname;

  app.setErrorHandler((error, request, reply) => {
    const refusal = oauthErrorOf(error);
    if (refusal === undefined) throw error;
    return sendRefusal(request, reply, refusal, site);
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));
  const { authorization, token, end_session: endSession } = routes;
  const discovery = "/.well-known/openid-configuration";
  mount(["GET"], authorization, `${authorization}/:uid`);
  if (endSession !== undefined) {
    mount(["GET"], endSession, `${endSession}/success`);
    mount(["POST"], `${endSession}/confirm`);
  }
  mount(["POST", "OPTIONS"], token);
  mount(["GET", "OPTIONS"], discovery);

  function mount(method: string[], ...routes: string[]): void {
    for (const route of routes) app.route({ method, url: `${base}${route}`, handler });
  }

  async function handler({ raw: request, ip }: FastifyRequest, reply: FastifyReply): Promise<void> {
    const url = request.url as string;
    if (url.includes("?")) requireBoundedQuery(url.slice(url.indexOf("?") + 1), ownClientId);
    reply.hijack();
    const path = url.slice(base.length);
    if (!path.startsWith(discovery)) for (const [name, value] of GUARDED) reply.raw.setHeader(name, value);
    for (const name of Object.keys(request.headers)) {
      if (name === "forwarded" || name.startsWith("x-forwarded-")) delete request.headers[name];
    }
    request.headers.host = host;
    request.headers["x-forwarded-proto"] = protocol.slice(0, -1);
    request.headers["x-forwarded-for"] = ip;
    request.url = path;
    Object.assign(request, { baseUrl: base });
    await provider().callback()(request, reply.raw);
  }
}

/**
 * Refuses a query that is too long to be stored: oidc-provider stores its parameters during a
 * sign-in, for any caller. It stores no bodies, and reads at most 56 KiB of them.
 *
 * @throws OAuthError 400 `invalid_request`
 */
function requireBoundedQuery(query: string, ownClientId: string | undefined): void {
  if (query.length > MAX_QUERY_LENGTH)
    throw invalidRequest(`the query is longer than ${MAX_QUERY_LENGTH} characters`);
  const parameters = new URLSearchParams(query);
  const own = ownClientId !== undefined && parameters.get("client_id") === ownClientId;
  for (const [name, value] of parameters) {
    // An ID token is longer than the nonce that it contains.
    if (name === "id_token_hint") continue;
    // In this server's own request, an agent's state comes back from the sign-in.
    if (name === "state" && own) continue;
    requireShort(quoted(name), value);
  }
}
