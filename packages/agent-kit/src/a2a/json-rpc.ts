import { isLegacyJsonRpcMethod, isV1JsonRpcMethod } from "@a2a-js/sdk/compat/v0_3";

/** JSON-RPC and A2A error codes this package answers by itself; the SDK's handlers add their own. */
export const JSON_RPC_ERRORS = {
  parseError: { code: -32700, message: "Parse error" },
  invalidRequest: { code: -32600, message: "Invalid Request" },
  methodNotFound: { code: -32601, message: "Method not found" },
  invalidParams: { code: -32602, message: "Invalid params" },
  contentTypeNotSupported: { code: -32005, message: "Content type not supported, send application/json" },
  versionNotSupported: { code: -32009, message: "Protocol version not supported" },
  internalError: { code: -32603, message: "Internal error" },
} as const;

export type JsonRpcErrorKind = keyof typeof JSON_RPC_ERRORS;

export interface JsonRpcRequest {
  readonly id: string | number | null;
  readonly method: string;
  /** True for a 0.3 method (`message/send`), false for a 1.0 method (`SendMessage`). */
  readonly legacy: boolean;
  /** The whole request, for the SDK's handlers. */
  readonly body: Record<string, unknown>;
}

/** Refusal of a call: becomes a JSON-RPC error under HTTP 200. */
export class JsonRpcError extends Error {
  readonly kind: JsonRpcErrorKind;
  readonly id: string | number | null;

  constructor(kind: JsonRpcErrorKind, id: string | number | null = null) {
    super(JSON_RPC_ERRORS[kind].message);
    this.kind = kind;
    this.id = id;
  }
}

export function errorResponse(kind: JsonRpcErrorKind, id: string | number | null = null) {
  return { jsonrpc: "2.0", id, error: JSON_RPC_ERRORS[kind] } as const;
}

/**
 * Checks the envelope and, for methods that carry one, the message: the SDK's own handlers answer a malformed
 * message with an internal error, or take it.
 *
 * @throws {JsonRpcError} parseError (no body at all), invalidRequest, methodNotFound, invalidParams
 */
export function readJsonRpcRequest(body: unknown): JsonRpcRequest {
  if (body === undefined) throw new JsonRpcError("parseError");
  if (!isObject(body)) throw new JsonRpcError("invalidRequest");
  const id = body.id ?? null;
  if (id !== null && typeof id !== "string" && !Number.isInteger(id))
    throw new JsonRpcError("invalidRequest");
  const requestId = id as string | number | null;
  const { method, params } = body;
  if (body.jsonrpc !== "2.0" || typeof method !== "string")
    throw new JsonRpcError("invalidRequest", requestId);
  const legacy = isLegacyJsonRpcMethod(method);
  if (!legacy && !isV1JsonRpcMethod(method)) throw new JsonRpcError("methodNotFound", requestId);
  if (SENDING.has(method) && !(isObject(params) && isMessage(params.message))) {
    throw new JsonRpcError("invalidParams", requestId);
  }
  return { id: requestId, method, legacy, body };
}

const SENDING = new Set(["message/send", "message/stream", "SendMessage", "SendStreamingMessage"]);
const ROLES: ReadonlySet<unknown> = new Set(["user", "agent", "ROLE_USER", "ROLE_AGENT"]);

function isMessage(message: unknown): boolean {
  return (
    isObject(message) &&
    typeof message.messageId === "string" &&
    message.messageId !== "" &&
    ROLES.has(message.role) &&
    Array.isArray(message.parts) &&
    message.parts.length > 0 &&
    message.parts.every(isPart)
  );
}

/** 0.3 parts carry `kind`, 1.0 parts do not; text must be text in both. */
function isPart(part: unknown): boolean {
  return isObject(part) && (part.kind === "text" || "text" in part ? typeof part.text === "string" : true);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
