import { STATUS_CODES } from "node:http";
import type { FastifyReply } from "fastify";

/**
 * Responds with problem details (RFC 9457). `detail` is for the caller, and must never contain a
 * stack, a path or a value of the configuration.
 */
export function sendProblem(
  reply: FastifyReply,
  status: number,
  detail: string,
  more: Record<string, unknown> = {},
): FastifyReply {
  const { headers, body } = problem(status, detail, more);
  return reply.code(status).headers(headers).send(body);
}

/** Problem details for use without a Fastify reply. */
export function problem(status: number, detail: string, more: Record<string, unknown> = {}) {
  return {
    status,
    headers: { "content-type": "application/problem+json; charset=utf-8" },
    body: JSON.stringify({ status, title: STATUS_CODES[status] ?? "Error", detail, ...more }),
  };
}
