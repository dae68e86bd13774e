import { STATUS_CODES } from "node:http";
import type { FastifyReply } from "fastify";

/** Answers with problem details (RFC 9457). `detail` is for the caller: never a stack, a path or a value from the configuration. */
export function sendProblem(
  reply: FastifyReply,
  status: number,
  detail: string,
  more: Record<string, unknown> = {},
): FastifyReply {
  return reply
    .code(status)
    .type("application/problem+json; charset=utf-8")
    .send(JSON.stringify({ status, title: STATUS_CODES[status] ?? "Error", detail, ...more }));
}
