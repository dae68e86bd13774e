import type { Span } from "@opentelemetry/api";
import type { CelContext } from "../cel/expression.ts";
import type { Route } from "../configuration/document-schema.ts";
import type { ReplyReason } from "../proxy/local-reply.ts";
import type { RequestHead } from "../proxy/request-head.ts";

/** Facts about a request, filled in while it is handled and read at its end. */
export interface RequestRecord {
  /** Milliseconds of the process's monotonic clock. */
  readonly startedAtMs: number;
  head?: RequestHead;
  listener?: string;
  route?: Route;
  /** Unset if the request is not sampled. */
  span?: Span;
  context?: CelContext;
  /** `a2a` once the a2a policy has seen the request. */
  protocol: "http" | "a2a";
  a2aMethod?: string;
  /** `host:port` of the agent, once called. */
  endpoint?: string;
  status?: number;
  responseFields?: readonly string[];
  /** Set if the gateway itself replied. */
  reason?: ReplyReason;
  error?: string;
}
