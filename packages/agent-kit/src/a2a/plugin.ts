import { AgentCard } from "@a2a-js/sdk";
import { LegacyJsonRpcTransportHandler } from "@a2a-js/sdk/compat/v0_3/server";
import { A2AError, toJsonRpcError } from "@a2a-js/sdk/errors";
import {
  type AgentExecutor,
  DefaultRequestHandler,
  InMemoryTaskStore,
  JsonRpcTransportHandler,
  ServerCallContext,
} from "@a2a-js/sdk/server";
import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { errorResponse, JSON_RPC_ERRORS, JsonRpcError, readJsonRpcRequest } from "./json-rpc.ts";
import { toLegacyAgentCard } from "./legacy-agent-card.ts";

/** Fastify route `config` per group of routes: where a plugin in front of this one finds its policy. */
export interface A2ARouteConfig {
  /** `POST /` */
  readonly rpc?: FastifyContextConfig;
  /** `GET /.well-known/agent-card.json`, `GET /.well-known/agent.json` */
  readonly card?: FastifyContextConfig;
  /** `GET /agent/authenticatedExtendedCard` */
  readonly extendedCard?: FastifyContextConfig;
}

export interface A2AOptions {
  /** In its 1.0 form, see `createAgentCard`. */
  readonly card: AgentCard;
  /** Served to callers that the hooks in front let through. Its route exists only when this is given. */
  readonly extendedCard?: AgentCard;
  readonly executor: AgentExecutor;
  /** What the executor shall know of the HTTP request: the `state` of its context. */
  readonly stateFor?: (request: FastifyRequest) => ReadonlyMap<string, unknown>;
  /**
   * Makes the reply of a call out of the answer to come, which rejects as a route does. For agents whose callers may come back for an answer later.
   * Default: the answer is the reply.
   */
  readonly replyWith?: (
    request: FastifyRequest,
    reply: FastifyReply,
    answer: Promise<object>,
  ) => Promise<unknown>;
  readonly routeConfig?: A2ARouteConfig;
}

const VERSION_HEADER = "a2a-version";
const MAX_BODY_BYTES = 1_048_576;

/**
 * Mounts an A2A agent: `POST /` (JSON-RPC; 0.3 `message/send` ... and 1.0 `SendMessage` ... are distinguished by the method),
 * the card at `/.well-known/agent-card.json` and `/.well-known/agent.json`, and the extended card at
 * `/agent/authenticatedExtendedCard`. Cards are 0.3 unless the request says `A2A-Version: 1.x`.
 *
 * Errors of the protocol are JSON-RPC errors under HTTP 200; HTTP statuses are left to what stands in front (401, 403)
 * and to the size bound (413). The body is parsed from the bytes that reach Fastify's parser, so a `preParsing` hook may
 * have consumed and supplied them again.
 *
 * It does NOT authenticate: without a hook in front, everybody may call, and everybody gets the extended card.
 * Registers in its own scope; hooks of the parent apply.
 *
 * @throws {TypeError} at registration, when a card has no 0.3 form.
 * @example
 * await app.register(fastifyA2A, { card, executor: createTextExecutor({ answer: async ({ text }) => text }) });
 */
export async function fastifyA2A(app: FastifyInstance, options: A2AOptions): Promise<void> {
  const { card, extendedCard, routeConfig = {} } = options;
  const handler = new DefaultRequestHandler(
    card,
    // Executors publish messages, never tasks: nothing is stored.
    new InMemoryTaskStore(),
    options.executor,
    undefined,
    undefined,
    undefined,
    extendedCard && (async () => extendedCard),
  );
  const legacyRpc = new LegacyJsonRpcTransportHandler(handler);
  const rpc = new JsonRpcTransportHandler(handler);
  const supportedVersions = new Set(card.supportedInterfaces.map((entry) => entry.protocolVersion));

  acceptAnyBody(app);

  const { replyWith = (_request, _reply, answer) => answer } = options;
  app.post("/", { config: routeConfig.rpc ?? {}, errorHandler }, (request, reply) =>
    replyWith(request, reply, answerTo(request)),
  );

  async function answerTo(request: FastifyRequest): Promise<object> {
    const { id, method, legacy, body } = readJsonRpcRequest(request.body);
    const version = headerOf(request, VERSION_HEADER) ?? (legacy ? "0.3" : "1.0");
    if (!supportedVersions.has(version)) throw new JsonRpcError("versionNotSupported", id);

    const state = new Map(options.stateFor?.(request));
    const context = new ServerCallContext({ requestedVersion: version, state });
    const answer = await (legacy ? legacyRpc : rpc).handle(body, context);
    if (!isStream(answer))
      return withoutInsides(answer, id, (error) => request.log.error({ error, method }, "A2A call failed"));
    // Cards offer no streams: the SDK refuses before the first event.
    const refusal = await answer.next().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (refusal instanceof A2AError) return { jsonrpc: "2.0", id, error: toJsonRpcError(refusal) };
    request.log.error({ err: refusal, method }, "A2A stream failed");
    return errorResponse("internalError", id);
  }

  await serveCard(app, ["/.well-known/agent-card.json", "/.well-known/agent.json"], card, routeConfig.card);
  if (extendedCard)
    await serveCard(app, ["/agent/authenticatedExtendedCard"], extendedCard, routeConfig.extendedCard);
}

/** Every body is read as text, so that what is no JSON can be answered in JSON-RPC instead of Fastify's 400 or 415. */
function acceptAnyBody(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser("error", "error");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "string", bodyLimit: MAX_BODY_BYTES }, (request, body, done) => {
    const mediaType = (request.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase();
    if (mediaType !== "application/json") return done(new JsonRpcError("contentTypeNotSupported"));
    void parseJson(request, body.toString(), (error, value) =>
      done(error ? new JsonRpcError("parseError") : null, value),
    );
  });
}

/** Refusals of this plugin are answers, not HTTP errors; everything else goes to the parent's error handler. */
function errorHandler(error: unknown, _request: FastifyRequest, reply: FastifyReply): void {
  const refusal = toRefusal(error);
  if (!refusal) throw error;
  void reply.code(200).send(errorResponse(refusal.kind, refusal.id));
}

/** Fastify itself refuses a Content-Type that is no media type at all, before any parser is asked. */
function toRefusal(error: unknown): JsonRpcError | undefined {
  if (error instanceof JsonRpcError) return error;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "FST_ERR_CTP_INVALID_MEDIA_TYPE" ? new JsonRpcError("contentTypeNotSupported") : undefined;
}

async function serveCard(
  app: FastifyInstance,
  paths: string[],
  card: AgentCard,
  config?: FastifyContextConfig,
): Promise<void> {
  const legacy = await toLegacyAgentCard(card);
  const current = AgentCard.toJSON(card);
  for (const path of paths) {
    app.get(path, { config: config ?? {} }, async (request, reply) => {
      reply.header("vary", "A2A-Version").header("cache-control", "no-cache");
      // Never an error for an unknown version: a gateway that rewrites cards answers 503 to anything but a card.
      return headerOf(request, VERSION_HEADER)?.startsWith("1.") ? current : legacy;
    });
  }
}

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** What the SDK did not foresee comes with the message of the exception: that is for the log. */
function withoutInsides(
  answer: object,
  id: string | number | null,
  onError: (error: { message?: unknown }) => void,
): object {
  const { error } = answer as { error?: { code: number; message?: unknown } };
  if (error?.code !== JSON_RPC_ERRORS.internalError.code) return answer;
  onError(error);
  return errorResponse("internalError", id);
}

function isStream(answer: unknown): answer is AsyncGenerator<unknown, void, undefined> {
  return typeof answer === "object" && answer !== null && Symbol.asyncIterator in answer;
}
