import { isLegacyJsonRpcMethod, isV1JsonRpcMethod } from "@a2a-js/sdk/compat/v0_3";
import { z } from "zod";

/** JSON-RPC and A2A errors of this package; the SDK's handlers add their own. */
export const JSON_RPC_ERRORS = {
  parseError: { code: -32700, message: "Parse error" },
  invalidRequest: { code: -32600, message: "Invalid Request" },
  methodNotFound: { code: -32601, message: "Method not found" },
  invalidParams: { code: -32602, message: "Invalid params" },
  contentTypeNotSupported: { code: -32005, message: "Content type not supported, send application/json" },
  versionNotSupported: { code: -32009, message: "Protocol version not supported" },
  internalError: { code: -32603, message: "Internal error" },
} as const;

/** Name of an error in {@link JSON_RPC_ERRORS}. */
export type JsonRpcErrorKind = keyof typeof JSON_RPC_ERRORS;

export interface JsonRpcRequest {
  readonly id: string | number | null;
  readonly method: string;
  /** True for a 0.3 method (`message/send`), false for a 1.0 method (`SendMessage`). */
  readonly legacy: boolean;
  /** The whole request, for the SDK's handlers. */
  readonly body: Record<string, unknown>;
}

/** Refusal of a call, sent as a JSON-RPC error with HTTP 200. */
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

/** Maximum body of a call. */
export const MAX_BODY_BYTES = 1_048_576;

/**
 * The value of a body.
 *
 * @throws {JsonRpcError} contentTypeNotSupported, parseError
 */
export function parseBody(contentType: string | undefined, body: Uint8Array): unknown {
  const [mediaType = ""] = (contentType ?? "").split(";", 1);
  if (mediaType.trim().toLowerCase() !== "application/json") {
    throw new JsonRpcError("contentTypeNotSupported");
  }
  try {
    return JSON.parse(new TextDecoder().decode(body), refusePrototypes);
  } catch {
    throw new JsonRpcError("parseError");
  }
}

/** Refuses names that would change the prototype of a copied value. */
function refusePrototypes(key: string, value: unknown): unknown {
  const isConstructor = key === "constructor" && typeof value === "object" && value !== null;
  if (key === "__proto__" || (isConstructor && "prototype" in value)) throw new SyntaxError(key);
  return value;
}

const ID = z.union([z.string(), z.int(), z.null()]);
const ENVELOPE = z.looseObject({ jsonrpc: z.literal("2.0"), id: ID.optional(), method: z.string() });

/** 0.3 parts have `kind`, 1.0 parts do not; `text` must be a string in both. */
const PART = z
  .looseObject({ text: z.string().optional() })
  .refine(({ kind, text }) => kind !== "text" || text !== undefined);
/** Stops at the first invalid part; `z.array` would collect an issue for each. */
const PARTS = z
  .array(z.unknown())
  .min(1)
  .refine((parts) => parts.every((part) => PART.safeParse(part).success));
const SENDING_PARAMS = z.looseObject({
  message: z.looseObject({
    messageId: z.string().min(1),
    role: z.enum(["user", "agent", "ROLE_USER", "ROLE_AGENT"]),
    parts: PARTS,
  }),
});
const SENDING = new Set(["message/send", "message/stream", "SendMessage", "SendStreamingMessage"]);

/**
 * Checks the envelope and, for methods that carry one, the message: the SDK's handlers answer a
 * malformed message with an internal error, or accept it.
 *
 * @throws {JsonRpcError} parseError (no body at all), invalidRequest, methodNotFound, invalidParams
 */
export function readJsonRpcRequest(body: unknown): JsonRpcRequest {
  if (body === undefined) throw new JsonRpcError("parseError");
  const id = z.looseObject({ id: ID }).safeParse(body).data?.id ?? null;
  const envelope = ENVELOPE.safeParse(body).data;
  if (envelope === undefined) throw new JsonRpcError("invalidRequest", id);
  const { method, params } = envelope;
  const legacy = isLegacyJsonRpcMethod(method);
  if (!legacy && !isV1JsonRpcMethod(method)) throw new JsonRpcError("methodNotFound", id);
  if (SENDING.has(method) && !SENDING_PARAMS.safeParse(params).success)
    throw new JsonRpcError("invalidParams", id);
  return { id, method, legacy, body: body as Record<string, unknown> };
}
