import type { HttpMessage, Message } from "./protocol-run.ts";

interface Asked extends Pick<Message, "method" | "url" | "purpose"> {
  readonly request: HttpMessage;
  readonly requestType: string | undefined;
}

/**
 * Names the request of a signed message, short enough for an arrow. Every A2A call is a POST to the
 * same path, so its name is the JSON-RPC method.
 */
export function whatIsAsked({ method, url, purpose, request, requestType }: Asked): string {
  const named = requestType === undefined ? undefined : DRAFT_11_WORDS[requestType];
  if (named !== undefined) return named;
  if (purpose === "token") return `token request${requestType === undefined ? "" : `: ${requestType}`}`;
  // The URL parser percent-encodes the ellipsis of a truncated value.
  const path = (URL.parse(url)?.pathname ?? url).replaceAll("%E2%80%A6", "…");
  const called = rpcMethod(request.body);
  if (called === undefined) return `${method} ${path}`.trim();
  return path === "/" || path === "" ? called : `${called} to ${path}`;
}

/** Signed requests of draft -11 that ask for no token. */
const DRAFT_11_WORDS: Readonly<Record<string, string>> = {
  poll: "poll for the answer",
  cancel: "cancel the request",
  clarification: "answer to a question",
  "updated-request": "updated request",
  claims: "claims of the person",
  interaction: "relayed interaction",
  revocation: "revocation of a token",
};

/**
 * `message/send`, `SendMessage`, … A truncated body is not valid JSON, so only the part before its
 * parameters is read.
 */
function rpcMethod(body: string | undefined): string | undefined {
  const [head = ""] = body?.split('"params"', 1) ?? [];
  if (!/^\s*\{[^{[]*"jsonrpc"/.test(head)) return undefined;
  return /"method"\s*:\s*"([A-Za-z/]{1,40})"/.exec(head)?.[1];
}
