/**
 * A2A over draft -11: while a call of an agent's own waits for a person, its caller gets a 202 with an address to poll and a code for the agent's
 * page, which sends the person on to the page that is waited for (section 10.1.2).
 *
 * @module
 */

import { type Discovery, type EndpointMap, isServerIdentifier, type ProvenCaller } from "aauth";
import { createDeferred, type Deferred, type Verifier } from "aauth/resource";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { sendAnswer, serveEndpoints } from "fastify-aauth";
import type { A2AOptions } from "./a2a/index.ts";
import { isLoopbackCallback } from "./draft-11.ts";

/** Sends the person that a call waits for to a page. */
export type BringPerson = (page: string) => void;

export interface WaitingReplies {
  /** For the executor of a request. */
  bringPersonOf(request: FastifyRequest): BringPerson;
  /** For `fastifyA2A`. */
  readonly replyWith: NonNullable<A2AOptions["replyWith"]>;
  /** Serves the page, and the addresses that are polled. */
  serve(scope: FastifyInstance): Promise<void>;
}

const INTERACTION_PATH = "/interaction";
const POLL_SECONDS = 1;
/** Requests whose answers have not begun to wait are kept as long as the request itself. */
type Pages = { readonly first: PromiseWithResolvers<string>; bring: BringPerson };

export function createWaitingReplies(options: {
  /** Own identifier. */
  readonly id: string;
  readonly verifier: Verifier;
  readonly map: Pick<EndpointMap, "browserUrl">;
  readonly discovery: Discovery;
  /** Unix seconds. */
  readonly now: () => number;
  readonly log: { error(fields: object, message: string): void };
}): WaitingReplies {
  const { id, verifier, map, discovery, now, log } = options;
  if (!isServerIdentifier(id)) throw new TypeError("id must be a server identifier");
  const deferred = createDeferred<{ readonly page: string }>({
    ...{ verifier, resource: id, interactionUrl: `${id}${INTERACTION_PATH}` },
    ...{ discovery, retryAfterSeconds: POLL_SECONDS, now },
  });
  const pages = new WeakMap<FastifyRequest, Pages>();

  function pagesOf(request: FastifyRequest): Pages {
    const known = pages.get(request);
    if (known !== undefined) return known;
    const first = Promise.withResolvers<string>();
    const made: Pages = { first, bring: first.resolve };
    pages.set(request, made);
    return made;
  }

  const begin = (caller: ProvenCaller, page: string) =>
    deferred.begin(caller, { requirement: "interaction", data: { page } });

  return {
    bringPersonOf: (request) => (page) => pagesOf(request).bring(page),

    async replyWith(request, reply, answer) {
      const known = pagesOf(request);
      const page = await Promise.race([answer.then(() => undefined), known.first.promise]);
      const { caller } = request;
      if (page === undefined || caller === null) return answer;
      const waiting = await begin(caller, page);
      let current = waiting.id;
      // One after the other: a person may be needed again. What is polled then names the next page.
      let steps: Promise<unknown> = Promise.resolve();
      const next = (step: () => Promise<unknown>) => {
        steps = steps.then(step).catch((error: unknown) => {
          log.error({ err: error }, "a waiting answer could not be kept");
        });
      };
      known.bring = (page) =>
        next(async () => {
          const { id, answer } = await begin(caller, page);
          await deferred.finish(current, answer);
          current = id;
        });
      answer.then(
        (value) =>
          next(() =>
            deferred.finish(current, {
              status: 200,
              headers: { "content-type": "application/json" },
              body: JSON.stringify(value),
            }),
          ),
        () => next(() => deferred.fail(current, "server_error")),
      );
      return sendAnswer(reply, waiting.answer);
    },

    async serve(scope) {
      await serveEndpoints(scope, [deferred.endpoint]);
      scope.get(INTERACTION_PATH, { config: { aauth: "public" } }, (request, reply) =>
        sendToPage(request, reply, { deferred, map }),
      );
    },
  };
}

/** Redirects the browser that brings a code to the page that is waited for, once. */
async function sendToPage(
  request: FastifyRequest,
  reply: FastifyReply,
  { deferred, map }: { deferred: Deferred<{ readonly page: string }>; map: Pick<EndpointMap, "browserUrl"> },
): Promise<FastifyReply> {
  const { code, callback } = request.query as { readonly code?: unknown; readonly callback?: unknown };
  const opened = typeof code === "string" ? await deferred.open(code, request.ip) : "invalid_code";
  void reply.header("cache-control", "no-store").header("referrer-policy", "no-referrer");
  if (opened === "too_many_codes")
    return reply.code(429).type("text/plain; charset=utf-8").send("Too many wrong codes were tried.\n");
  if (typeof opened === "string") {
    const why = opened === "expired" ? "has waited too long" : "is not known, or was used before";
    return reply.code(410).type("text/plain; charset=utf-8").send(`This request ${why}.\n`);
  }
  const page = new URL(map.browserUrl(opened.data.page));
  // The server of that page judges it, as it does for every callback.
  if (typeof callback === "string" && isLoopbackCallback(callback))
    page.searchParams.set("callback", callback);
  return reply.redirect(page.href, 302);
}
