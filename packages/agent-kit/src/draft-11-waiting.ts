/**
 * A2A over draft -11: while a call of an agent's own waits for a person, its caller gets a 202 with
 * an address to poll and a code for the agent's page, which redirects the person to the awaited
 * page (section 10.1.2).
 *
 * @module
 */

import type { AddressMap, ProvenCaller, Stores } from "aauth";
import type { DeferredRequests, Resource } from "aauth/resource";
import type { A2AHandler } from "aauth-a2a";
import { type A2AOptions, messageOf } from "aauth-a2a/fastify";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { sendAnswer, serveEndpoints } from "fastify-aauth";
import type { Jobs } from "jobs";
import { verificationTrace } from "protocol-trace";
import { type CallInteraction, untilInteraction } from "./call-interaction.ts";
import { type AskedMessage, DeferredAnswers, type PageOfRequest } from "./deferred-answers.ts";
import { isLoopbackCallback, upstreamTokenOf } from "./draft-11.ts";

export interface WaitingReplies {
  /** Option of `fastifyA2A`. */
  readonly replyWith: NonNullable<A2AOptions["replyWith"]>;
  /** Serves the page and the polled addresses. */
  serve(scope: FastifyInstance): Promise<void>;
}

const INTERACTION_PATH = "/interaction";
const POLL_SECONDS = 1;

/** State of an executor's context. */
type State = ReadonlyMap<string, unknown>;

export function createWaitingReplies(options: {
  readonly resource: Resource;
  readonly map: Pick<AddressMap, "browserUrl">;
  readonly stores: Stores;
  readonly jobs: Jobs;
  readonly handler: A2AHandler;
  /** Creates the state for the executor of a caller's message. */
  readonly stateOf: (
    caller: ProvenCaller,
    upstreamToken: string | undefined,
    person: CallInteraction,
  ) => State;
}): WaitingReplies {
  const { resource, map, stores, jobs, handler, stateOf } = options;
  const { id } = resource;
  const deferred = resource.deferred<PageOfRequest>({
    interactionUrl: `${id}${INTERACTION_PATH}`,
    retryAfterSeconds: POLL_SECONDS,
    observer: verificationTrace,
  });
  const stateFor = ({ caller, upstreamToken }: AskedMessage, person: CallInteraction) =>
    stateOf(caller, upstreamToken, person);
  const answers = new DeferredAnswers({
    id,
    deferred,
    stores,
    jobs,
    answer: (asked, person) => handler(asked.message, { state: stateFor(asked, person) }),
  });

  return {
    async replyWith(request, reply, answer) {
      const { caller, headers } = request;
      if (caller === null) return answer();
      const upstreamToken = upstreamTokenOf(caller, headers);
      const asked: AskedMessage = { message: messageOf(request), caller, upstreamToken };
      const outcome = await untilInteraction({}, (person) => answer(stateFor(asked, person)));
      return "waiting" in outcome ? sendAnswer(reply, await answers.defer(asked, outcome)) : outcome.result;
    },

    async serve(scope) {
      await serveEndpoints(scope, [deferred.endpoint]);
      scope.get(INTERACTION_PATH, { config: { aauth: "public" } }, (request, reply) =>
        sendToPage(request, reply, { deferred, map }),
      );
    },
  };
}

/** Redirects the browser with a code to the awaited page, once. */
async function sendToPage(
  request: FastifyRequest,
  reply: FastifyReply,
  { deferred, map }: { deferred: DeferredRequests<PageOfRequest>; map: Pick<AddressMap, "browserUrl"> },
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
  // The server of that page checks it, like every callback.
  if (typeof callback === "string" && isLoopbackCallback(callback))
    page.searchParams.set("callback", callback);
  return reply.redirect(page.href, 302);
}
