import type { CelContext } from "../cel/expression.ts";
import { fieldsByName, type RequestHead } from "./request-head.ts";

/** Expressions' view of a request. Must be recreated when its fields change. */
export function requestView(head: RequestHead): CelContext["request"] {
  const length = head.contentLength === undefined ? [] : ["content-length", head.contentLength];
  return {
    method: head.method,
    host: head.authority,
    scheme: "http",
    path: head.path,
    pathAndQuery: head.target,
    uri: `http://${head.authority}${head.target}`,
    version: `HTTP/${head.httpVersion}`,
    headers: fieldsByName([...length, ...head.fields], "first"),
  };
}

/** The context of a request before its caller is known. */
export function celContext(head: RequestHead): CelContext {
  return {
    request: requestView(head),
    response: null,
    source: { address: head.sourceAddress, port: BigInt(head.sourcePort) },
    extauthz: null,
    jwt: null,
  };
}
