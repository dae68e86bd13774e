import type { Dispatcher, Pool } from "undici";
import { endToEndFields } from "./request-head.ts";

/** A response held in memory. */
export interface CollectedResponse {
  readonly status: number;
  /** End-to-end fields, lower-case names. */
  readonly fields: string[];
  readonly body: Buffer;
}

/** The response is longer than the caller of {@link collectResponse} takes. */
export class ResponseTooLarge extends Error {
  override readonly name = "ResponseTooLarge";
  readonly code = "RESPONSE_TOO_LARGE";
}

/** Sends one request and reads its whole response, at most `maxBytes`. Rejects with the transport's error, or `signal.reason`. */
export function collectResponse(
  pool: Pool,
  request: Dispatcher.DispatchOptions,
  limits: { maxBytes: number; timeoutMs?: number; signal: AbortSignal },
): Promise<CollectedResponse> {
  return new Promise((resolve, reject) => {
    const signal =
      limits.timeoutMs === undefined
        ? limits.signal
        : AbortSignal.any([limits.signal, AbortSignal.timeout(limits.timeoutMs)]);
    let controller: Dispatcher.DispatchController | undefined;
    const onAbort = () => {
      const reason: unknown = signal.reason;
      reject(reason);
      controller?.abort(reason as Error);
    };
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    const done = () => signal.removeEventListener("abort", onAbort);

    const chunks: Buffer[] = [];
    let size = 0;
    let status = 0;
    let fields: string[] = [];
    pool.dispatch(request, {
      onRequestStart(started) {
        controller = started;
        if (signal.aborted) started.abort(signal.reason as Error);
      },
      onResponseStart({ rawHeaders }, statusCode) {
        if (statusCode < 200) return;
        status = statusCode;
        fields = endToEndFields(rawFields(rawHeaders));
      },
      onResponseData(current, chunk) {
        size += chunk.length;
        if (size > limits.maxBytes) current.abort(new ResponseTooLarge("the response is too large"));
        else chunks.push(chunk);
      },
      onResponseEnd() {
        done();
        resolve({ status, fields, body: Buffer.concat(chunks) });
      },
      onResponseError(_, error) {
        done();
        reject(error);
      },
    });
  });
}

/** undici's raw header list as text; bytes above ASCII stay what they are. */
export function rawFields(rawHeaders: unknown): string[] {
  return (rawHeaders as (Buffer | string)[]).map((part) =>
    typeof part === "string" ? part : part.toString("latin1"),
  );
}
