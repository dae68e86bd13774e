import { Readable } from "node:stream";
import { apiRoutes } from "backend-api";
import type { FastifyPluginAsync } from "fastify";
import { BackendError } from "../errors.ts";
import type { LiveRuns } from "../runs/live-runs.ts";
import { isFinal, progressOf, type Run } from "../runs/run.ts";
import type { RunService } from "../runs/run-service.ts";
import { userRoute } from "./user-route.ts";

const MAX_WATCHERS_PER_RUN = 10;

interface ProgressEventOptions {
  runs: RunService;
  live: LiveRuns;
  /** Default 15000. */
  heartbeatMs?: number | undefined;
}

/** The run's state after every change, as server-sent events. */
export const progressEventRoutes: FastifyPluginAsync<ProgressEventOptions> = async (app, options) => {
  const { runs, live, heartbeatMs = 15_000 } = options;

  userRoute(app, apiRoutes.progressEvents, async ({ user, params }, reply) => {
    const run = await runs.get(user.id, params.id);
    if (live.watcherCount(run.id) >= MAX_WATCHERS_PER_RUN)
      throw new BackendError("too_many", "Too many watchers of this optimization");
    reply
      .header("content-type", "text/event-stream")
      .header("cache-control", "no-store")
      .header("x-accel-buffering", "no");
    // Fastify reads a stream to its end for HEAD, too, so each HEAD request would watch until the
    // run ends.
    return reply.request.method === "HEAD" ? reply.send() : reply.send(eventsOf(run));
  });

  function eventsOf(first: Run): Readable {
    const stream = new Readable({
      read() {},
      destroy(error, done) {
        stop();
        done(error);
      },
    });
    /** @param run undefined after its removal */
    const send = (run: Run | undefined) => {
      if (run !== undefined) stream.push(`event: progress\ndata: ${JSON.stringify(progressOf(run))}\n\n`);
      if (run !== undefined && !isFinal(run)) return;
      stop();
      stream.push(null);
    };
    let isOver = false;
    const unwatch = live.watch(first.id, send);
    const heartbeat = setInterval(async () => {
      // The store may have ended or removed an expired run. If the store is unreachable, the stream
      // continues.
      // hole V23: await runs.find(first.userId, first.id)
      const run = await runs.find(first.userId, first.id).catch((): Run => first);
      if (isOver) return;
      if (run === undefined || isFinal(run)) send(run);
      else stream.push(": heartbeat\n\n");
    }, heartbeatMs);
    const stop = () => {
      isOver = true;
      unwatch();
      clearInterval(heartbeat);
    };
    send(first);
    return stream;
  }
};
