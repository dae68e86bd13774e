import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Provider } from "oidc-provider";
import { invalidRequest, OAuthError, quoted } from "../oauth-error.ts";
import { sendRefusal } from "../pages/message-page.ts";
import { requireShort } from "../parameters.ts";
import type { Realm } from "../realm/realm.ts";
import { CONSENT_CLIENT_ID } from "./oidc-configuration.ts";
import type { OidcPaths } from "./oidc-paths.ts";

const MAX_QUERY_LENGTH = 8_192;

/**
 * Headers of every response, unless a page of this server has stricter ones. The library has pages,
 * too: a form that submits itself, by a script that it adds to `script-src`, and may lead to any
 * application.
 */
const GUARDED = Object.entries({
  "cache-control": "no-store",
  pragma: "no-cache",
  "content-security-policy": "default-src 'none'; script-src; base-uri 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
});

/**
 * Hands the OpenID paths of the realm to oidc-provider. The bodies are left unread for it, and the
 * host and scheme of the request are replaced by those of the issuer: the library builds absolute
 * URLs from them, and a caller must not choose them.
 */
export async function mountOidcProvider(
  app: FastifyInstance,
  options: { provider: () => Provider; issuer: string; realm: Realm; paths: OidcPaths },
): Promise<void> {
  const { provider, issuer, realm, paths } = options;
  const { host, protocol } = new URL(issuer);

  app.setErrorHandler((error, request, reply) => {
    if (!(error instanceof OAuthError)) throw error;
    return sendRefusal(request, reply, error, realm);
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));
  const { authorization, token, end_session: endSession } = paths.routes;
  const discovery = "/.well-known/openid-configuration";
  mount(["GET"], authorization, `${authorization}/:uid`, endSession, `${endSession}/success`);
  mount(["POST"], `${endSession}/confirm`);
  mount(["POST", "OPTIONS"], token);
  mount(["GET", "OPTIONS"], discovery);

  function mount(method: string[], ...routes: string[]): void {
    for (const route of routes) app.route({ method, url: `${paths.base}${route}`, handler });
  }

  async function handler({ raw: request }: FastifyRequest, reply: FastifyReply): Promise<void> {
    const url = request.url as string;
    if (url.includes("?")) requireBoundedQuery(url.slice(url.indexOf("?") + 1));
    reply.hijack();
    const path = url.slice(paths.base.length);
    if (!path.startsWith(discovery)) for (const [name, value] of GUARDED) reply.raw.setHeader(name, value);
    for (const name of Object.keys(request.headers)) {
      if (name === "forwarded" || name.startsWith("x-forwarded-")) delete request.headers[name];
    }
    request.headers.host = host;
    request.headers["x-forwarded-proto"] = protocol.slice(0, -1);
    request.url = path;
    Object.assign(request, { baseUrl: paths.base });
    await provider().callback()(request, reply.raw);
  }
}

/**
 * Refuses a query that is too long to be kept: oidc-provider keeps its parameters for as long as a
 * sign-in may take, for any caller. Of bodies it keeps nothing, and reads 56 KiB at most.
 *
 * @throws OAuthError 400 `invalid_request`
 */
function requireBoundedQuery(query: string): void {
  if (query.length > MAX_QUERY_LENGTH)
    throw invalidRequest(`the query is longer than ${MAX_QUERY_LENGTH} characters`);
  const parameters = new URLSearchParams(query);
  const own = parameters.get("client_id") === CONSENT_CLIENT_ID;
  for (const [name, value] of parameters) {
    // A token is longer than the nonce in it.
    if (name === "id_token_hint") continue;
    // In this server's own request, an agent's state comes back from the sign-in.
    if (name === "state" && own) continue;
    requireShort(quoted(name), value);
  }
}
