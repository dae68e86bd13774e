/** JSON-RPC errors that the gate answers by itself: status and code as the SDK has them. */
const ERRORS = {
  parseError: [400, -32700, "Parse error"],
  invalidParams: [400, -32602, "Invalid params: a call of a tool names the tool"],
  unknownTool: [400, -32602, "Unknown tool"],
  noSession: [400, -32000, "Bad Request: Last-Event-ID needs a session"],
  sessionNotFound: [404, -32001, "Session not found"],
  sessionTaken: [503, -32000, "The session's id is taken"],
  sessionsFull: [503, -32000, "Too many sessions"],
  storeUnavailable: [503, -32000, "Sessions cannot be looked up"],
} as const;

/** Reason of a refusal. */
export type RpcRefusal = keyof typeof ERRORS;

/** The response for a refusal of the gate. */
export function refusal(reason: RpcRefusal): Response {
  const [status, code, message] = ERRORS[reason];
  const headers = new Headers(status === 503 ? { "retry-after": "30" } : {});
  return Response.json({ jsonrpc: "2.0", id: null, error: { code, message } }, { status, headers });
}

/**
 * Names of the tools that a body calls: of its one message, or of each message of a batch.
 * Undefined where a call names no tool.
 *
 * @param body parsed once, for the gate and for the SDK: two parsers might read two names
 */
export function calledTools(body: unknown): readonly string[] | undefined {
  const names = (Array.isArray(body) ? body : [body]).filter(isToolCall).map(({ params }) => params?.name);
  return names.every((name) => typeof name === "string") ? names : undefined;
}

function isToolCall(message: unknown): message is { readonly params?: { readonly name?: unknown } } {
  return (
    typeof message === "object" && message !== null && "method" in message && message.method === "tools/call"
  );
}
