import type { CelContext } from "../cel/expression.ts";
import { type RequestHead, requestFields } from "./request-head.ts";

/**
 * What expressions see of a request as it is now: made anew when its fields change. Plain data on purpose: a literal with accessors has
 * a hidden class of its own each time, which outlives the request and keeps all of it in memory until the next full collection.
 */
export function requestView(head: RequestHead): CelContext["request"] {
  const { contentLength, fields } = head;
  return {
    method: head.method,
    host: head.authority,
    scheme: "http",
    path: head.path,
    pathAndQuery: head.target,
    uri: `http://${head.authority}${head.target}`,
    version: `HTTP/${head.httpVersion}`,
    headers: requestFields(
      contentLength === undefined ? fields : ["content-length", contentLength, ...fields],
    ),
  };
}

/** The context of a request before anything is known of its caller. */
export function celContext(head: RequestHead): CelContext {
  return {
    request: requestView(head),
    response: null,
    source: { address: head.sourceAddress, port: BigInt(head.sourcePort) },
    extauthz: null,
    jwt: null,
  };
}
