import type { Challenger } from "aauth/resource";
import type { FastifyInstance, FastifyReply } from "fastify";

/** A resource token endpoint. */
export interface ResourceTokenOptions {
  /** Issues the tokens: that of the verifier's resource. */
  readonly challenger: Challenger;
  /** What may be asked for; a token for any other scope is not issued. */
  readonly scopes: readonly string[];
  /** Default `/resource/token`. The resource's metadata must name it as `resource_token_endpoint`. */
  readonly path?: string;
}

/** Where the endpoint is, below the resource's identifier. */
export const RESOURCE_TOKEN_PATH = "/resource/token";

/** A form of two short values. */
const MAX_FORM_BYTES = 8_192;

/**
 * Serves the resource token endpoint (SPEC 9.2.5, profile 6.6): an identified agent that knows which scopes it needs gets the
 * resource token of a challenge without calling the resource first. Answers
 * `{"resource_token","auth_server","expires_in"}`; 400 `invalid_scope` for a scope that is not offered, 400 `invalid_request` for
 * anything but one `scope`, 401 for a caller that has not proven an identity. Register it where `fastifyAAuth` is registered; with `scopes`
 * in its options the plugin does so itself. Does NOT check which agent may have which scope: that is the auth server's.
 */
export async function serveResourceTokens(
  app: FastifyInstance,
  options: ResourceTokenOptions,
): Promise<void> {
  const { challenger, scopes, path = RESOURCE_TOKEN_PATH } = options;
  // A scope of its own, so that the parser serves no other route.
  await app.register(async (scope) => {
    scope.addContentTypeParser(
      "application/x-www-form-urlencoded",
      { parseAs: "string" },
      (_request, body, done) => done(null, new URLSearchParams(String(body))),
    );
    scope.post(
      path,
      { config: { aauth: { level: "identified" } }, bodyLimit: MAX_FORM_BYTES },
      async (request, reply) => {
        const { caller, body } = request;
        if (caller?.agent === undefined) throw new TypeError("the request has no proven agent");
        if (!(body instanceof URLSearchParams)) return refuse(reply, "invalid_request", "expected a form");
        if (body.has("auth_request_url"))
          return refuse(reply, "invalid_request", "auth_request_url is not supported");
        const [text, ...more] = body.getAll("scope");
        const asked = [...new Set(text?.split(" ").filter((word) => word !== ""))];
        if (asked.length === 0 || more.length > 0)
          return refuse(reply, "invalid_request", "expected one scope parameter");
        if (!asked.every((word) => scopes.includes(word))) {
          return refuse(reply, "invalid_scope", "the resource does not offer one of these scopes");
        }
        const { resourceToken, authServer, expiresInSeconds } = await challenger.resourceToken(caller, asked);
        return noStore(reply).send({
          resource_token: resourceToken,
          auth_server: authServer,
          expires_in: expiresInSeconds,
        });
      },
    );
  });
}

function refuse(reply: FastifyReply, error: string, error_description: string): FastifyReply {
  return noStore(reply).code(400).send({ error, error_description });
}

function noStore(reply: FastifyReply): FastifyReply {
  return reply.header("cache-control", "no-store");
}
