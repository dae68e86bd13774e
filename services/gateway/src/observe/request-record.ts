import type { CelContext } from "../cel/expression.ts";
import type { Route } from "../configuration/configuration.ts";
import type { AnswerReason } from "../proxy/own-answer.ts";
import type { RequestHead } from "../proxy/request-head.ts";
import type { TraceContext } from "./trace-context.ts";

/** What is known of a request; filled in as it passes, read once it is over. */
export interface RequestRecord {
  readonly startedAtMs: number;
  head?: RequestHead;
  listener?: string;
  route?: Route;
  matchedPath?: string;
  trace?: TraceContext;
  context?: CelContext;
  /** `a2a` once the a2a policy has seen the request. */
  protocol: "http" | "a2a";
  a2aMethod?: string;
  /** `host:port` of the agent, once it was called. */
  endpoint?: string;
  status?: number;
  responseFields?: readonly string[];
  /** Set when the answer is the gateway's own. */
  reason?: AnswerReason;
  error?: string;
}
