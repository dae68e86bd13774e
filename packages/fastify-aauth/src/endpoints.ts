import { type Observer, observerOf, type Requirement } from "aauth";
import type { Answer, Endpoint, EndpointRequest } from "aauth/resource";
import { receivedFields } from "aauth/resource";
import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/** Options for serving endpoints. */
export interface ServeEndpointsOptions {
  /**
   * Receives as `unexpected_error` what an endpoint has thrown. Default: writes its stack to
   * `console.error`.
   */
  readonly observer?: Observer<FastifyRequest> | undefined;
  /** Like the plugin's option. Default: path and query as received. */
  readonly target?: ((request: FastifyRequest) => string) | undefined;
  /**
   * Route `config` with which the service's own hooks treat these routes as public. Default: that
   * of this plugin.
   */
  readonly config?: FastifyContextConfig | undefined;
}

const RETRY_AFTER_SECONDS = "30";

/**
 * Serves endpoints that verify their requests themselves: polls, revocations, authorization
 * requests, and those of a person server. Errors are reported and answered with `server_error`, a
 * full store with 503.
 *
 * @example
 * await serveEndpoints(scope, [deferred.endpoint, held.endpoint]);
 */
export async function serveEndpoints(
  app: FastifyInstance,
  endpoints: readonly Endpoint[],
  options: ServeEndpointsOptions = {},
): Promise<void> {
  const { target, config = { aauth: "public" } } = options;
  const observer = observerOf(options.observer);
  const isProtected = options.config === undefined && app.hasDecorator("aauth");
  // A separate scope, because the endpoints need the bytes of a body, unparsed.
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
    scope.setErrorHandler((error: Error & { code?: string; statusCode?: number }, request, reply) => {
      const { code, statusCode = 500 } = error;
      if (code === "store_full" || code === "store_unavailable") {
        const isFull = code === "store_full";
        return problem(reply.header("retry-after", RETRY_AFTER_SECONDS), 503, isFull ? "server_error" : code);
      }
      if (statusCode < 500) return problem(reply, statusCode, "invalid_request");
      observer({ type: "unexpected_error", error }, request);
      return problem(reply, 500, "server_error");
    });
    for (const { methods, path, maxBodyBytes, handle, guarded } of endpoints) {
      // The plugin verifies these callers, so that its observer also receives them.
      const isGuarded = guarded !== undefined && isProtected;
      scope.route({
        method: [...methods],
        url: path.endsWith("/") ? `${path}:segment` : path,
        // The level belongs to the endpoint's profile, by which routes are not typed.
        config: isGuarded ? { aauth: guarded.requirement as Requirement } : config,
        exposeHeadRoute: false,
        bodyLimit: Math.max(1, maxBodyBytes),
        handler: async (request, reply) => {
          const headers = receivedFields(request.raw);
          const { method, caller, rawBody } = request;
          if (isGuarded) {
            if (!caller) throw new TypeError("the request has no proven caller");
            return sendAnswer(reply, await guarded.answer({ caller, headers, body: rawBody ?? undefined }));
          }
          const address = target?.(request) ?? request.originalUrl;
          const body = request.body as Buffer | undefined;
          return sendAnswer(reply, await handle({ method, target: address, headers, body }));
        },
      });
    }
  });
}

/**
 * A server with endpoints below `/aauth/` and documents below `/.well-known/`: a person server or
 * an access server.
 */
export interface ServedParty {
  /** Answers a request; undefined for an unknown path. */
  handle(request: EndpointRequest): Promise<Answer | undefined>;
}

const PARTY_PATHS = ["/aauth/*", "/.well-known/*", "/jwks.json"];
const PARTY_METHODS = ["GET", "POST", "DELETE"];
const PARTY_BODY_BYTES = 65_536;

/**
 * Serves a party of `aauth/server`, with 404 for unknown paths. Otherwise like
 * {@link serveEndpoints}.
 */
export function serveParty(
  app: FastifyInstance,
  party: ServedParty,
  options: ServeEndpointsOptions = {},
): Promise<void> {
  const handle = async (request: EndpointRequest) => (await party.handle(request)) ?? NOT_FOUND;
  const shared = { methods: PARTY_METHODS, maxBodyBytes: PARTY_BODY_BYTES, handle };
  return serveEndpoints(
    app,
    PARTY_PATHS.map((path) => ({ ...shared, path })),
    options,
  );
}

const NOT_FOUND: Answer = { status: 404, headers: { "cache-control": "no-store" }, body: "" };

/** Sends an answer of `aauth/resource` and ends the request. */
export function sendAnswer(reply: FastifyReply, answer: Answer): FastifyReply {
  reply.code(answer.status).headers(answer.headers);
  // An empty string would be sent with a content type.
  return answer.body === "" ? reply.send() : reply.send(answer.body);
}

function problem(reply: FastifyReply, status: number, error: string): FastifyReply {
  return reply
    .code(status)
    .type("application/problem+json")
    .header("cache-control", "no-store")
    .send({ error });
}
