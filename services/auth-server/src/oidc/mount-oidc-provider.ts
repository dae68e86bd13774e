import type { FastifyInstance } from "fastify";
import type { Provider } from "oidc-provider";
import { OAuthError } from "../oauth-error.ts";
import { sendRefusal } from "../pages/send-refusal.ts";
import type { Realm } from "../realm/realm.ts";
import { requireBoundedQuery } from "./bounded-query.ts";
import type { OidcPaths } from "./oidc-paths.ts";

/**
 * Hands the OpenID paths of the realm to oidc-provider. The bodies are left unread for it, and the host and scheme of the
 * request are replaced by those of the issuer: the library builds absolute URLs from them, and a caller must not choose those.
 */
export async function mountOidcProvider(
  app: FastifyInstance,
  options: { provider: () => Provider; issuer: string; realm: Realm; paths: OidcPaths },
): Promise<void> {
  const { provider, issuer, realm, paths } = options;
  const { host, protocol } = new URL(issuer);
  const callbacks = new WeakMap<Provider, ReturnType<Provider["callback"]>>();
  const callbackOf = (current: Provider) => {
    const callback = callbacks.get(current) ?? current.callback();
    callbacks.set(current, callback);
    return callback;
  };

  app.setErrorHandler((error, request, reply) => {
    if (!(error instanceof OAuthError)) throw error;
    return sendRefusal(request, reply, error, realm.displayName ?? realm.realm);
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));
  for (const path of ["/protocol/openid-connect/*", "/.well-known/openid-configuration"]) {
    app.route({
      method: ["GET", "POST", "OPTIONS"],
      url: `${paths.base}${path}`,
      handler: async ({ raw: request }, reply) => {
        const url = request.url as string;
        if (url.includes("?")) requireBoundedQuery(url.slice(url.indexOf("?") + 1));
        reply.hijack();
        for (const name of Object.keys(request.headers)) {
          if (name === "forwarded" || name.startsWith("x-forwarded-")) delete request.headers[name];
        }
        request.headers.host = host;
        request.headers["x-forwarded-proto"] = protocol.slice(0, -1);
        request.url = url.slice(paths.base.length);
        Object.assign(request, { baseUrl: paths.base });
        await callbackOf(provider())(request, reply.raw);
      },
    });
  }
}
