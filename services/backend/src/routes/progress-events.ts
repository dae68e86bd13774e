import { Readable } from "node:stream";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import { HttpError } from "../plugins/errors.ts";
import { signedInUser } from "../plugins/user.ts";
import type { Run } from "../runs/run.ts";
import type { RunService } from "../services/run-service.ts";

const MAX_WATCHERS_PER_RUN = 10;

/** `GET /optimization/progress/{id}/events`: the run's state after every change, as server-sent events. */
export const progressEventRoutes: FastifyPluginAsyncZod<{ runs: RunService; heartbeatMs?: number }> = async (
  app,
  { runs, heartbeatMs = 15_000 },
) => {
  app.get(
    "/optimization/progress/:id/events",
    { config: { access: "user" }, schema: { params: z.object({ id: z.string().max(100) }) } },
    async (request, reply) => {
      const userId = signedInUser(request).id;
      const run = runs.get(userId, request.params.id);
      if (run.watcherCount >= MAX_WATCHERS_PER_RUN)
        throw new HttpError(429, "Too many watchers of this optimization");
      reply
        .header("content-type", "text/event-stream")
        .header("cache-control", "no-store")
        .header("x-accel-buffering", "no");
      // Fastify reads a stream to its end for HEAD, too: each would be a watcher for as long as the run goes on.
      if (request.method === "HEAD") return reply.send();
      const stillThere = () => runs.find(userId, run.id) !== undefined;
      return reply.send(eventsOf(run, { heartbeatMs, stillThere }));
    },
  );
};

function eventsOf(run: Run, options: { heartbeatMs: number; stillThere: () => boolean }): Readable {
  const stop = () => {
    unwatch();
    clearInterval(heartbeat);
  };
  const stream = new Readable({
    read() {},
    destroy(error, done) {
      stop();
      done(error);
    },
  });
  const send = () => {
    stream.push(`event: progress\ndata: ${JSON.stringify(run.progress())}\n\n`);
    if (run.isFinal || run.signal.aborted) {
      stop();
      stream.push(null);
    }
  };
  const unwatch = run.watch(send);
  const heartbeat = setInterval(() => {
    // Looking for the run also ends it when its consent has expired, which announces the last event.
    if (!options.stillThere()) stream.push(null);
    else if (!run.isFinal) stream.push(": heartbeat\n\n");
  }, options.heartbeatMs);
  send();
  return stream;
}
