import type { AgentCard } from "@a2a-js/sdk";
import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type A2AHandlerOptions, type A2AMessage, createA2AHandler } from "./handler.ts";
import { errorResponse, JsonRpcError, MAX_BODY_BYTES, parseBody } from "./json-rpc.ts";
import { CARD_FIELDS, CARD_PATHS, cardForms, EXTENDED_CARD_PATH } from "./legacy-agent-card.ts";

/** Fastify route `config` for each group of routes, with the policy of other plugins. */
export interface A2ARouteConfig {
  /** `POST /` */
  readonly rpc?: FastifyContextConfig;
  /** `GET /.well-known/agent-card.json`, `GET /.well-known/agent.json` */
  readonly card?: FastifyContextConfig;
  /** `GET /agent/authenticatedExtendedCard` */
  readonly extendedCard?: FastifyContextConfig;
}

/**
 * `extendedCard` is served to callers that earlier hooks admit; without it, the route does not
 * exist.
 */
export interface A2AOptions extends A2AHandlerOptions {
  /** Returns the `state` of the executor's context for an HTTP request. */
  readonly stateFor?: (request: FastifyRequest) => ReadonlyMap<string, unknown>;
  /**
   * Creates the reply to a call, for agents with deferred answers. `answer` creates the answer,
   * with additional state for the executor, and rejects like a route. Default: the reply is the
   * answer.
   */
  readonly replyWith?: (
    request: FastifyRequest,
    reply: FastifyReply,
    answer: (more?: ReadonlyMap<string, unknown>) => Promise<object>,
  ) => Promise<unknown>;
  readonly routeConfig?: A2ARouteConfig;
}

/**
 * Mounts an A2A agent on Fastify: `POST /` (JSON-RPC; 0.3 `message/send` ... and 1.0 `SendMessage`
 * ... are distinguished by the method), the card at `/.well-known/agent-card.json` and
 * `/.well-known/agent.json`, and the extended card at `/agent/authenticatedExtendedCard`. Cards are
 * 0.3 unless the request says `A2A-Version: 1.x`.
 *
 * Errors of the protocol are JSON-RPC errors under HTTP 200; only earlier hooks (401, 403) and the
 * size limit (413) use HTTP statuses. The body is parsed from the bytes that reach Fastify's
 * parser, so a `preParsing` hook may replace the stream.
 *
 * Does NOT authenticate: without an earlier hook, anyone may call and read the extended card.
 * Registers in its own scope; hooks of the parent apply.
 *
 * @throws {TypeError} at registration, for a card without a 0.3 form, and like `createA2AHandler`
 * @example
 * await app.register(fastifyA2A, { card, executor: createTextExecutor({ answer: async ({ text }) => text }) });
 */
export async function fastifyA2A(app: FastifyInstance, options: A2AOptions): Promise<void> {
  const { card, extendedCard, routeConfig = {} } = options;
  const handle = createA2AHandler(options);
  acceptAnyBody(app);

  const { replyWith = (_request, _reply, answer) => answer() } = options;
  app.post("/", { config: routeConfig.rpc ?? {}, errorHandler }, (request, reply) =>
    replyWith(request, reply, (more = new Map()) =>
      handle(messageOf(request), {
        state: new Map([...(options.stateFor?.(request) ?? []), ...more]),
      }),
    ),
  );

  await serveCard(app, CARD_PATHS, card, routeConfig.card);
  if (extendedCard) await serveCard(app, [EXTENDED_CARD_PATH], extendedCard, routeConfig.extendedCard);
}

/** The message of a request that {@link fastifyA2A} serves. */
export const messageOf = (request: FastifyRequest): A2AMessage => ({
  body: request.body,
  version: versionOf(request),
});

/**
 * Reads every body as bytes, so that invalid JSON gets a JSON-RPC error instead of Fastify's 400 or
 * 415.
 */
function acceptAnyBody(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    "*",
    { parseAs: "buffer", bodyLimit: MAX_BODY_BYTES },
    async ({ headers }: FastifyRequest, body: Buffer) => parseBody(headers["content-type"], body),
  );
}

/**
 * Refusals of this plugin are JSON-RPC responses. All other errors go to the parent's error
 * handler.
 */
function errorHandler(error: unknown, _request: FastifyRequest, reply: FastifyReply): void {
  const refusal = toRefusal(error);
  if (!refusal) throw error;
  void reply.code(200).send(errorResponse(refusal.kind, refusal.id));
}

/** Converts Fastify's own refusal of an invalid Content-Type, which precedes any parser. */
function toRefusal(error: unknown): JsonRpcError | undefined {
  if (error instanceof JsonRpcError) return error;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "FST_ERR_CTP_INVALID_MEDIA_TYPE" ? new JsonRpcError("contentTypeNotSupported") : undefined;
}

async function serveCard(
  app: FastifyInstance,
  paths: readonly string[],
  card: AgentCard,
  config?: FastifyContextConfig,
): Promise<void> {
  const formFor = await cardForms(card);
  for (const path of paths) {
    app.get(path, { config: config ?? {} }, async (request, reply) => {
      reply.headers(CARD_FIELDS);
      return formFor(versionOf(request));
    });
  }
}

function versionOf({ headers }: FastifyRequest): string | undefined {
  const value = headers["a2a-version"];
  return typeof value === "string" && value !== "" ? value : undefined;
}
