/** JSON-RPC errors of the gate, with status and code as in the SDK. */
const ERRORS = {
  parseError: [400, -32700, "Parse error"],
  invalidRequest: [400, -32600, "Invalid Request: a message is an object, a batch an array of them"],
  invalidParams: [400, -32602, "Invalid params: a call of a tool names the tool"],
  unknownTool: [400, -32602, "Unknown tool"],
  noSession: [400, -32000, "Bad Request: Last-Event-ID needs a session"],
  sessionNotFound: [404, -32001, "Session not found"],
  sessionTaken: [503, -32000, "The session's id is taken"],
  sessionsFull: [503, -32000, "Too many sessions"],
  internalError: [500, -32603, "Internal error"],
  storeUnavailable: [503, -32000, "Sessions cannot be looked up"],
} as const;

/** Reason of a refusal. */
export type RpcRefusal = keyof typeof ERRORS;

/** Id of a JSON-RPC request. */
export type RequestId = string | number;

/**
 * The response for a refusal of the gate.
 *
 * @param id request that the refusal answers, with status 200. Default: none; the transport refuses
 */
export function refusal(reason: RpcRefusal, id?: RequestId): Response {
  const [status, code, message] = ERRORS[reason];
  const headers = new Headers(status === 503 ? { "retry-after": "30" } : {});
  return Response.json(
    { jsonrpc: "2.0", id: id ?? null, error: { code, message } },
    { status: id === undefined ? status : 200, headers },
  );
}

/** Tool calls in a body. */
export interface ToolCalls {
  /** Name of the tool of each call. */
  readonly names: readonly string[];
  /** Id of a single request. Absent for a batch or a notification. */
  readonly id: RequestId | undefined;
}

/**
 * Reads the tool calls in a message or a batch, or refuses it if a message is not an object or a
 * call names no tool.
 *
 * @param body parsed once for the gate and the SDK, because two parsers might read different names.
 *   Undefined for none
 */
export function toolCallsIn(body: unknown): ToolCalls | RpcRefusal {
  const messages: readonly unknown[] = Array.isArray(body) ? body : [body];
  // hole M15
  if (body !== undefined && !messages.every(isMessage)) return "invalidRequest";
  const calls = messages.filter(isToolCall);
  const names = calls.map(({ params }) => params?.name);
  const id = Array.isArray(body) ? undefined : calls[0]?.id;
  if (!names.every((name) => typeof name === "string")) return "invalidParams";
  return { names, id: isRequestId(id) ? id : undefined };
}

/** True for an id that both versions of the SDK accept. */
function isRequestId(id: unknown): id is RequestId {
  return typeof id === "string" || Number.isSafeInteger(id);
}

interface ToolCall {
  readonly id?: unknown;
  readonly params?: { readonly name?: unknown };
}

const isMessage = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function isToolCall(message: unknown): message is ToolCall {
  return isMessage(message) && "method" in message && message.method === "tools/call";
}
