import type { CelContext } from "../cel/expression.ts";
import { type RequestFields, type RequestHead, requestFields } from "./request-head.ts";

/** What expressions see of a request. Members are built when an expression asks for them. */
export function requestView(head: RequestHead): CelContext["request"] {
  let headers: RequestFields | undefined;
  return {
    method: head.method,
    host: head.authority,
    scheme: "http",
    path: head.path,
    pathAndQuery: head.target,
    get uri() {
      return `http://${head.authority}${head.target}`;
    },
    get version() {
      return `HTTP/${head.httpVersion}`;
    },
    get headers() {
      headers ??= requestFields(
        head.contentLength === undefined
          ? head.fields
          : ["content-length", head.contentLength, ...head.fields],
      );
      return headers;
    },
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
