import { trace } from "@opentelemetry/api";
import type { AgentObserver, Transport } from "aauth/agent";
import type { VerificationOutcome } from "aauth/resource";
import { createAgentTrace } from "./agent-trace.ts";
import { ATTRIBUTE } from "./attribute-names.ts";
import { recordIssuedToken, recordTokenRefusal } from "./token-issue.ts";
import { type VerificationTrace, verificationTrace } from "./verification-trace.ts";

/** What a person server or an access server is given to be seen in traces. */
export interface ServerTrace {
  /** These three go into `createPersonServer` or `createAccessServer`. */
  readonly transport: Transport;
  readonly callObserver: AgentObserver;
  readonly observer: (event: VerificationOutcome, request: Parameters<VerificationTrace>[1]) => void;
  /**
   * Writes onto the current span whose answer it has: with the token in it, or with its error where
   * no check of the signature failed.
   */
  recordAnswer(answer: ServerAnswer): void;
}

interface ServerAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Makes a CLIENT span of every request that a server of draft -11 signs, and writes what it
 * verified and answered onto the spans of the requests to it. All of them name the party, as
 * several of them may share a process.
 *
 * @param party `service.name` of the server, were it alone in its process
 * @param send as in {@link createAgentTrace}
 */
export function createServerTrace(party: string, send?: Transport): ServerTrace {
  const { transport, observer: callObserver } = createAgentTrace(send, { party });
  return {
    transport,
    callObserver,
    observer: verificationTrace,
    recordAnswer({ status, headers, body }) {
      const span = trace.getActiveSpan();
      if (span?.isRecording() !== true) return;
      span.setAttribute(ATTRIBUTE.party, party);
      const { person_token, auth_token, error, detail } = membersOf(body);
      const token = person_token ?? auth_token;
      if (status === 200 && typeof token === "string") recordIssuedToken(token);
      // What the verifier refuses it has written down itself.
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
