import { LocalReply } from "../proxy/local-reply.ts";
import { firstField, type RequestHead } from "../proxy/request-head.ts";

/**
 * CORS for any origin and any header, as in Agentgateway: the origin is echoed (never `*`), and any
 * OPTIONS request with an origin is answered immediately with 200.
 *
 * @returns the fields to add to the later answer
 * @throws LocalReply for an OPTIONS that ends here
 */
export function applyCors({ method, fields }: RequestHead): string[] {
  const origin = firstField(fields, "origin");
  if (origin === undefined) return [];
  const allowOrigin = ["access-control-allow-origin", origin];
  if (method !== "OPTIONS") return allowOrigin;
  const allowHeaders = firstField(fields, "access-control-request-headers") ?? "*";
  throw new LocalReply({
    status: 200,
    reason: "DirectResponse",
    fields: [...allowOrigin, "access-control-allow-headers", allowHeaders],
  });
}
