import type { HttpMessage, Message } from "./protocol-run.ts";

interface Asked extends Pick<Message, "method" | "url" | "purpose"> {
  readonly request: HttpMessage;
  readonly requestType: string | undefined;
}

/**
 * What a signed message asks for, short enough for an arrow. Every A2A call is a POST to the same path, so that is no answer: the
 * JSON-RPC method is.
 */
export function whatIsAsked({ method, url, purpose, request, requestType }: Asked): string {
  if (purpose === "token") return `token request${requestType === undefined ? "" : `: ${requestType}`}`;
  const path = URL.parse(url)?.pathname ?? url;
  const called = rpcMethod(request.body);
  if (called === undefined) return `${method} ${path}`.trim();
  return path === "/" || path === "" ? called : `${called} to ${path}`;
}

/** `message/send`, `SendMessage`, … Of a body whose end is cut only what stands before its parameters can be read. */
function rpcMethod(body: string | undefined): string | undefined {
  const [head = ""] = body?.split('"params"', 1) ?? [];
  if (!/^\s*\{[^{[]*"jsonrpc"/.test(head)) return undefined;
  return /"method"\s*:\s*"([A-Za-z/]{1,40})"/.exec(head)?.[1];
}
