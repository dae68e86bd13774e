import { trace } from "@opentelemetry/api";
import type { Observer } from "aauth";
import type { Transport } from "aauth/agent";
import { ATTRIBUTE } from "aauth-explain/trace-names";
import { createAgentTrace } from "./agent-trace.ts";
import { recordIssuedToken, recordTokenRefusal } from "./token-issue.ts";
import { type ReceivedFields, verificationTrace } from "./verification-trace.ts";

/** Tracing of a person server or an access server. */
export interface ServerTrace {
  /** Pass these two to `createPersonServer` or `createAccessServer`. */
  readonly transport: Transport;
  readonly observer: Observer<ReceivedFields>;
  /**
   * Records an answer on the current span, with its token, or with its error if no check of the
   * signature failed.
   */
  recordAnswer(answer: ServerAnswer): void;
}

interface ServerAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Creates a CLIENT span for every request that a draft -11 server signs, and records its verdicts
 * and answers on the spans of incoming requests. All spans name the party, because several may
 * share a process.
 *
 * @param party `service.name` that the server would have in its own process
 * @param send as in {@link createAgentTrace}
 */
export function createServerTrace(party: string, send?: Transport): ServerTrace {
  const calls = createAgentTrace(send, { party });
  return {
    transport: calls.transport,
    observer(event, request) {
      calls.observer(event);
      verificationTrace(event, request);
    },
    recordAnswer({ status, headers, body }) {
      const span = trace.getActiveSpan();
      if (span?.isRecording() !== true) return;
      span.setAttribute(ATTRIBUTE.party, party);
      const { person_token, auth_token, error, detail } = membersOf(body);
      const token = person_token ?? auth_token;
      if (status === 200 && typeof token === "string") recordIssuedToken(token);
      // The verifier records its own refusals.
      const isVerifiers = status === 401 || headers["signature-error"] !== undefined;
      if (status >= 400 && !isVerifiers && typeof error === "string") {
        recordTokenRefusal({ code: error, message: String(detail ?? error) });
      }
    },
  };
}

function membersOf(body: string): Readonly<Record<string, unknown>> {
  try {
    const members: unknown = JSON.parse(body);
    return typeof members === "object" && members !== null ? { ...members } : {};
  } catch {
    return {};
  }
}
