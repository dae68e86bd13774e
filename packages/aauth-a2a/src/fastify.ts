import type { AgentCard } from "@a2a-js/sdk";
import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type A2AHandlerOptions, type A2AMessage, createA2AHandler } from "./handler.ts";
import { errorResponse, JsonRpcError, MAX_BODY_BYTES, parseBody } from "./json-rpc.ts";
import { CARD_FIELDS, CARD_PATHS, cardForms, EXTENDED_CARD_PATH } from "./legacy-agent-card.ts";

/**
 * Fastify route `config` per group of routes: where a plugin in front of this one finds its policy.
 */
export interface A2ARouteConfig {
  /** `POST /` */
  readonly rpc?: FastifyContextConfig;
  /** `GET /.well-known/agent-card.json`, `GET /.well-known/agent.json` */
  readonly card?: FastifyContextConfig;
  /** `GET /agent/authenticatedExtendedCard` */
  readonly extendedCard?: FastifyContextConfig;
}

/**
 * `extendedCard` is served to callers that the hooks in front let through; its route exists only
 * where it is given.
 */
export interface A2AOptions extends A2AHandlerOptions {
  /** What the executor shall know of the HTTP request: the `state` of its context. */
  readonly stateFor?: (request: FastifyRequest) => ReadonlyMap<string, unknown>;
  /**
   * Makes the reply of a call. `answer` makes the answer, with more state for the executor, and
   * rejects as a route does. For agents whose callers may come back for an answer later. Default:
   * the answer is the reply.
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
 * Errors of the protocol are JSON-RPC errors under HTTP 200; HTTP statuses are left to what stands
 * in front (401, 403) and to the size bound (413). The body is parsed from the bytes that reach
 * Fastify's parser, so a `preParsing` hook may have consumed and supplied them again.
 *
 * It does NOT authenticate: without a hook in front, everybody may call, and everybody gets the
 * extended card. Registers in its own scope; hooks of the parent apply.
 *
 * @throws {TypeError} at registration, when a card has no 0.3 form, and as `createA2AHandler`.
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
        log: request.log,
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
 * Every body is read as bytes, so that what is no JSON can be answered in JSON-RPC instead of
 * Fastify's 400 or 415.
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
 * Refusals of this plugin are answers, not HTTP errors; everything else goes to the parent's error
 * handler.
 */
function errorHandler(error: unknown, _request: FastifyRequest, reply: FastifyReply): void {
  const refusal = toRefusal(error);
  if (!refusal) throw error;
  void reply.code(200).send(errorResponse(refusal.kind, refusal.id));
}

/**
 * Fastify itself refuses a Content-Type that is no media type at all, before any parser is asked.
 */
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
