import type { Dispatcher, Pool } from "undici";
import type { Cancellation } from "./cancellation.ts";
import { createInformationalLimit } from "./informational.ts";
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

/** There was no whole response in time. */
export class ResponseTimeout extends Error {
  override readonly name = "ResponseTimeout";
  readonly code = "timeout";
}

/** Sends one request and reads its whole response, at most `maxBytes`. Rejects with the transport's error, or the cancellation's reason. */
export function collectResponse(
  pool: Pool,
  request: Dispatcher.DispatchOptions,
  limits: {
    maxBytes: number;
    timeoutMs?: number;
    cancellation: Cancellation;
    /** Called with status and fields as soon as they are there; the rest may still fail. */
    onHead?: (status: number, fields: readonly string[]) => void;
  },
): Promise<CollectedResponse> {
  return new Promise((resolve, reject) => {
    const { cancellation, timeoutMs } = limits;
    if (cancellation.isRequested) return reject(cancellation.reason);
    let controller: Dispatcher.DispatchController | undefined;
    let stopped: unknown;
    const stop = (reason: unknown) => {
      stopped = reason;
      done();
      reject(reason);
      controller?.abort(reason as Error);
    };
    const forget = cancellation.onRequest(stop);
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => stop(new ResponseTimeout("no response in time")), timeoutMs);
    const done = () => {
      clearTimeout(timer);
      forget();
    };

    const dropInformational = createInformationalLimit();
    const chunks: Buffer[] = [];
    let size = 0;
    let status = 0;
    let fields: string[] = [];
    pool.dispatch(request, {
      onRequestStart(started) {
        controller = started;
        if (stopped !== undefined) started.abort(stopped as Error);
      },
      onResponseStart(current, statusCode) {
        if (statusCode < 200) return dropInformational(current);
        status = statusCode;
        try {
          fields = endToEndFields(rawFields(current.rawHeaders));
        } catch (error) {
          limits.onHead?.(status, []);
          current.abort(error as Error);
          return;
        }
        limits.onHead?.(status, fields);
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
