import { type SignRequestOptions, signRequest } from "../agent/sign-request.ts";
import { requestTarget } from "../http-signatures/authority.ts";
import type { ReceivedRequest } from "../types.ts";

/** A request to create and sign. */
export interface SignedRequestOptions extends SignRequestOptions {
  /** Default: GET, or POST with a body. */
  readonly method?: string;
  /** Absolute. */
  readonly url: string;
  /** Lower-case names. With a body, `content-type` defaults to `application/json`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A string is encoded as UTF-8. Default: none. */
  readonly body?: string | Uint8Array | undefined;
}

/** A request as its receiver sees it. Change it as needed before its verification. */
export interface TestRequest extends ReceivedRequest {
  readonly headers: Record<string, string>;
  readonly authority: string;
  readonly body: Uint8Array | undefined;
}

/**
 * Signs a request and returns it as received, ready for `verifyRequest`. `now` must be the
 * verifier's clock: with the stopped clock of `createTestClock`, a request signed by the system
 * clock is refused with `created_out_of_window`.
 *
 * @example
 * const url = "https://resource.example/api";
 * const request = await signedRequest({ url, key, signatureKey: { scheme: "hwk" }, now: clock.now });
 * await verifier.verifyRequest({ ...request, method: "DELETE" }); // refused
 */
export async function signedRequest(options: SignedRequestOptions): Promise<TestRequest> {
  const body = typeof options.body === "string" ? new TextEncoder().encode(options.body) : options.body;
  const method = options.method ?? (body === undefined ? "GET" : "POST");
  const headers: Record<string, string> = {
    ...(body === undefined
      ? {}
      : { "content-type": "application/json", "content-length": String(body.byteLength) }),
    ...options.headers,
  };
  const { url } = options;
  const signed = await signRequest(
    { method, url, headers, ...(body === undefined ? {} : { body }) },
    options,
  );
  return { method, ...requestTarget(url), headers: { ...headers, ...signed.headers }, body };
}
