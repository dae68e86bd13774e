import type { HeaderFields } from "aauth";

/** The request of an event, as `node:http`, Fastify, a resource or a server has it. */
export interface ObservedRequest {
  readonly method: string;
  readonly target?: string | undefined;
  /** As `target`, at `node:http` and Fastify. */
  readonly url?: string | undefined;
  readonly headers: HeaderFields;
  readonly authority?: string | undefined;
  /** Bytes, or anything else that is not kept. */
  readonly body?: unknown;
  readonly rawBody?: unknown;
}

/** Path and query as received. */
export const targetOf = ({ target, url = "" }: ObservedRequest): string => target ?? url;
