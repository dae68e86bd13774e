import { readProtocolRun } from "../run/read-run.ts";
import { isRecord } from "../run/trace-span.ts";
import type { RecordedMessage } from "./http-parts.ts";
import { InputError } from "./input-error.ts";

/** Whether JSON is a trace, as Jaeger's query API answers it, or a trace or a span of it alone. */
export const isTrace = (value: unknown): boolean =>
  isRecord(value) &&
  (Array.isArray(value.data) || Array.isArray(value.spans) || typeof value.spanID === "string");

/**
 * Reads the signed messages of a trace. Their signatures and tokens are cut, so each comes with the
 * checks and signature bases that its parties recorded.
 *
 * @throws InputError `no_signed_entry`
 */
export function readTrace(trace: unknown): RecordedMessage[] {
  const messages = readProtocolRun([trace]).messages.flatMap((message): RecordedMessage[] => {
    const { method, url, request, response, status, signer, verifiers, startMicros } = message;
    if (signer?.scheme === undefined || !URL.canParse(url)) return [];
    const judge =
      verifiers.find(({ checks }) => checks.some(({ verdict }) => verdict === "failed")) ?? verifiers.at(-1);
    return [
      {
        message: {
          method,
          url,
          headers: request.headers ?? {},
          ...(request.body !== undefined && { body: new TextEncoder().encode(request.body) }),
          ...(status !== undefined && { response: { status, headers: response.headers ?? {} } }),
        },
        sentAt: Math.floor(startMicros / 1_000_000),
        recorded: { judge, signedBase: signer.base },
      },
    ];
  });
  if (messages.length > 0) return messages;
  throw new InputError("no_signed_entry", "no span of the trace is of a signed request");
}
