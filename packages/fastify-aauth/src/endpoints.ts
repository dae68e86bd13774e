import type { Requirement } from "aauth";
import type { Answer, Endpoint, EndpointRequest, ServedEndpoint } from "aauth/resource";
import { receivedFields } from "aauth/resource";
import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/** How endpoints are served. */
export interface ServeEndpointsOptions {
  /** As the plugin's. Default: path and query as they came. */
  readonly target?: ((request: FastifyRequest) => string) | undefined;
  /**
   * What the service's own hooks need to let these routes be public. Default: what the plugin
   * needs.
   */
  readonly config?: FastifyContextConfig | undefined;
}

const RETRY_AFTER_SECONDS = "30";

/**
 * Serves endpoints that verify their requests themselves: polls, revocations, authorization
 * requests; those of a person server. An error that one throws is logged and answered
 * `server_error`, a store without room 503.
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
  // A scope of its own: the bytes of a body are what counts here, and no parser of the service sees
  // them.
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
      request.log.error({ err: error }, "an endpoint failed");
      return problem(reply, 500, "server_error");
    });
    for (const { methods, path, maxBodyBytes, handle } of endpoints) {
      scope.route({
        method: [...methods],
        url: path.endsWith("/") ? `${path}:segment` : path,
        config,
        exposeHeadRoute: false,
        bodyLimit: Math.max(1, maxBodyBytes),
        handler: async (request, reply) =>
          sendAnswer(
            reply,
            await handle({
              method: request.method,
              target: target?.(request) ?? request.originalUrl,
              headers: receivedFields(request.raw),
              body: request.body as Buffer | undefined,
            }),
          ),
      });
    }
  });
}

/**
 * Serves endpoints of a resource whose callers the plugin verifies, so that its observer sees them,
 * too.
 */
export async function serveGuarded(
  app: FastifyInstance,
  endpoints: readonly ServedEndpoint[],
): Promise<void> {
  if (endpoints.length === 0) return;
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
    for (const { methods, path, maxBodyBytes, requirement, admit } of endpoints) {
      scope.route({
        method: [...methods],
        url: path,
        // The level is of its profile, which is not one that routes are typed by.
        config: { aauth: requirement as Requirement },
        bodyLimit: maxBodyBytes,
        handler: async ({ caller, raw, rawBody }, reply) => {
          if (caller === null) throw new TypeError("the request has no proven caller");
          const headers = receivedFields(raw);
          return sendAnswer(reply, await admit({ caller, headers, body: rawBody ?? undefined }));
        },
      });
    }
  });
}

/**
 * A server whose endpoints are below `/aauth/`, and its documents below `/.well-known/`: a person
 * server, an access server.
 */
export interface ServedParty {
  /** The answer; undefined for a path of none of its endpoints. */
  handle(request: EndpointRequest): Promise<Answer | undefined>;
}

const PARTY_PATHS = ["/aauth/*", "/.well-known/*", "/jwks.json"];
const PARTY_METHODS = ["GET", "POST", "DELETE"];
const PARTY_BODY_BYTES = 65_536;

/**
 * Serves a party of `aauth/server`; what it does not know is 404. Otherwise as
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
  // An empty text would be sent with a type.
  return answer.body === "" ? reply.send() : reply.send(answer.body);
}

function problem(reply: FastifyReply, status: number, error: string): FastifyReply {
  return reply
    .code(status)
    .type("application/problem+json")
    .header("cache-control", "no-store")
    .send({ error });
}
