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
import type { ProvenCaller } from "aauth";
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
  readonly log: { error(fields: object, message: string): void };
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
export function createA2AHandler({ card, extendedCard, executor }: A2AHandlerOptions): A2AHandler {
  const { streaming, pushNotifications } = card.capabilities ?? {};
  // hole M8
  if (streaming || pushNotifications)
    throw new TypeError("the card must not offer streams or push notifications");
  const handler = new DefaultRequestHandler(
    card,
    new NoTasks(),
    executor,
    undefined,
    undefined,
    undefined,
    extendedCard && (async () => extendedCard),
  );
  const legacyRpc = new LegacyJsonRpcTransportHandler(handler);
  const rpc = new JsonRpcTransportHandler(handler);
  const supportedVersions = new Set(card.supportedInterfaces.map((entry) => entry.protocolVersion));

  return async (message, { state, log }) => {
    const { id, method, legacy, body } = readJsonRpcRequest(message.body);
    const version = message.version ?? (legacy ? "0.3" : "1.0");
    if (!supportedVersions.has(version)) throw new JsonRpcError("versionNotSupported", id);

    const context = new ServerCallContext({ requestedVersion: version, state: new Map(state) });
    const answer = await (legacy ? legacyRpc : rpc).handle(body, context);
    if (!isStream(answer))
      return withoutInsides(answer, id, (error) => log.error({ error, method }, "A2A call failed"));
    // Cards do not offer streams, so the SDK refuses before the first event.
    const refusal = await answer.next().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (refusal instanceof A2AError) return { jsonrpc: "2.0", id, error: toJsonRpcError(refusal) };
    log.error({ err: refusal, method }, "A2A stream failed");
    return errorResponse("internalError", id);
  };
}

/** Logs the message of an exception, which the SDK would send to the caller. */
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
