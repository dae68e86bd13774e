import type { Span } from "@opentelemetry/api";
import type { CelContext } from "../cel/expression.ts";
import type { Route } from "../configuration/document-schema.ts";
import type { ReplyReason } from "../proxy/local-reply.ts";
import type { RequestHead } from "../proxy/request-head.ts";

/** What is known of a request; filled in as it passes, read once it is over. */
export interface RequestRecord {
  /** Milliseconds of the process's own clock. */
  readonly startedAtMs: number;
  head?: RequestHead;
  listener?: string;
  route?: Route;
  /** Unset where the request is not sampled. */
  span?: Span;
  context?: CelContext;
  /** `a2a` once the a2a policy has seen the request. */
  protocol: "http" | "a2a";
  a2aMethod?: string;
  /** `host:port` of the agent, once it was called. */
  endpoint?: string;
  status?: number;
  responseFields?: readonly string[];
  /** Set when the gateway has replied by itself. */
  reason?: ReplyReason;
  error?: string;
}
