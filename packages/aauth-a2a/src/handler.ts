import type { AgentCard } from "@a2a-js/sdk";
import { LegacyJsonRpcTransportHandler } from "@a2a-js/sdk/compat/v0_3/server";
import { A2AError, toJsonRpcError } from "@a2a-js/sdk/errors";
import {
  type AgentExecutor,
  DefaultRequestHandler,
  InMemoryTaskStore,
  JsonRpcTransportHandler,
  ServerCallContext,
} from "@a2a-js/sdk/server";
import { type Observer, observerOf, type ProvenCaller } from "aauth";
import { errorResponse, JSON_RPC_ERRORS, JsonRpcError, readJsonRpcRequest } from "./json-rpc.ts";

/** A JSON-RPC request as received. Plain JSON. */
export interface A2AMessage {
  /** The parsed body. Undefined for none. */
  readonly body: unknown;
  /** Value of `A2A-Version`. */
  readonly version: string | undefined;
}

/** Key of the proven caller in the state of an executor's context. */
export const CALLER = "caller";

/** The verified caller of a message. Undefined if no earlier component has verified one. */
export const callerOf = (context: ServerCallContext): ProvenCaller | undefined =>
  context.state.get(CALLER) as ProvenCaller | undefined;

/** Context of a message. */
export interface A2AContext {
  /** Becomes the `state` of the executor's context. */
  readonly state: ReadonlyMap<string, unknown>;
}

/**
 * Answers a message with a JSON-RPC response.
 *
 * @throws {JsonRpcError} for a malformed message, or a version that the card does not list
 */
export type A2AHandler = (message: A2AMessage, context: A2AContext) => Promise<object>;

/** The agent of a handler: its cards in 1.0 form, and its executor. */
export interface A2AHandlerOptions {
  readonly card: AgentCard;
  readonly extendedCard?: AgentCard;
  readonly executor: AgentExecutor;
  /**
   * Receives as `unexpected_error` what the executor has thrown. Default: writes its stack to
   * `console.error`.
   */
  readonly observer?: Observer<never> | undefined;
}

/** Refuses tasks, which the SDK would show to any caller. */
class NoTasks extends InMemoryTaskStore {
  // hole M7
  override async save(): Promise<never> {
    throw new TypeError("an executor must publish messages, not tasks");
  }
}

/**
 * Creates a handler of an agent's messages, independent of the transport. Does NOT authenticate. A
 * task that the executor publishes is not stored, and its caller gets JSON-RPC error -32603.
 *
 * @throws {TypeError} for a card that offers streams or push notifications
 *
 * @example
 * const handle = createA2AHandler({ card, executor });
 */
export function createA2AHandler(options: A2AHandlerOptions): A2AHandler {
  const { card, extendedCard, executor } = options;
  const observer = observerOf(options.observer);
  const report = (error: unknown) => observer({ type: "unexpected_error", error });
  /** Calls whose executor has thrown. */
  const failed = new WeakSet<ServerCallContext>();
  const { streaming, pushNotifications } = card.capabilities ?? {};
  // hole M8
  if (streaming || pushNotifications)
    throw new TypeError("the card must not offer streams or push notifications");
  const handler = new DefaultRequestHandler(
    card,
    new NoTasks(),
    {
      async execute(request, events) {
        try {
          await executor.execute(request, events);
        } catch (error) {
          report(error);
          failed.add(request.context);
          // Without a message the SDK answers -32603. It would write the error to the console, and
          // its message to the caller.
          events.finished();
        }
      },
      cancelTask: (...task) => executor.cancelTask(...task),
    },
    undefined,
    undefined,
    undefined,
    extendedCard && (async () => extendedCard),
  );
  const legacyRpc = new LegacyJsonRpcTransportHandler(handler);
  const rpc = new JsonRpcTransportHandler(handler);
  const supportedVersions = new Set(card.supportedInterfaces.map((entry) => entry.protocolVersion));

  return async (message, { state }) => {
    const { id, legacy, body } = readJsonRpcRequest(message.body);
    const version = message.version ?? (legacy ? "0.3" : "1.0");
    if (!supportedVersions.has(version)) throw new JsonRpcError("versionNotSupported", id);

    const context = new ServerCallContext({ requestedVersion: version, state: new Map(state) });
    const answer = await (legacy ? legacyRpc : rpc).handle(body, context);
    if (!isStream(answer)) {
      const { error } = answer as { error?: { code: number; message?: unknown } };
      if (error?.code !== JSON_RPC_ERRORS.internalError.code) return answer;
      // Its message may be that of an exception.
      if (!failed.has(context)) report(new Error(String(error.message)));
      return errorResponse("internalError", id);
    }
    // Cards do not offer streams, so the SDK refuses before the first event.
    const refusal = await answer.next().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (refusal instanceof A2AError) return { jsonrpc: "2.0", id, error: toJsonRpcError(refusal) };
    report(refusal);
    return errorResponse("internalError", id);
  };
}

function isStream(answer: unknown): answer is AsyncGenerator<unknown, void, undefined> {
  return typeof answer === "object" && answer !== null && Symbol.asyncIterator in answer;
}
