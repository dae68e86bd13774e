import { type Answer, receivedFields } from "aauth/resource";
import type { PersonServer } from "aauth/server";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import type { ServerTrace } from "protocol-trace";

/**
 * Serves a person server or an access server to requests whose `Host`, ignoring the port, is its
 * identifier's host, because both publish documents at the same paths. Signatures are verified
 * against the identifier, never against `Host`.
 */
export async function serveIssuer(
  app: FastifyInstance,
  options: {
    identifier: string;
    server: Pick<PersonServer, "handle">;
    seen: Pick<ServerTrace, "recordAnswer">;
    logger: FastifyBaseLogger;
  },
): Promise<void> {
  const { identifier, server, seen, logger } = options;
  const { hostname } = new URL(identifier);
  const host = new RegExp(`^${hostname.replaceAll(".", "\\.")}(?::\\d+)?$`, "i");
  // The digest covers the bytes of the body.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  for (const url of ["/.well-known/*", "/jwks.json", "/aauth/*"]) {
    app.route({
      method: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
      url,
      constraints: { host }, // hole T43
      handler: async ({ method, originalUrl, raw, body }, reply) => {
        const gone = new AbortController();
        reply.raw.once("close", () => gone.abort());
        const request = { method, target: originalUrl, headers: receivedFields(raw), signal: gone.signal };
        const answer = await server.handle({ ...request, body: body as Buffer | undefined });
        if (answer === undefined) return reply.callNotFound();
        seen.recordAnswer(answer);
        if (url.startsWith("/aauth/")) {
          const level = method === "GET" ? "debug" : "info";
          logger[level]({ method, ...facts(originalUrl, answer) }, "AAuth request answered");
        }
        return reply.code(answer.status).headers(answer.headers).send(answer.body);
      },
    });
  }

  /** Excludes tokens, codes and references of pending requests from the log. */
  function facts(target: string, { status, headers, body }: Answer) {
    const [requirement] = headers["aauth-requirement"]?.split(";") ?? [];
    const error = status < 400 ? undefined : /"error":"([a-z_]+)"/.exec(body)?.[1];
    const path = target.split("?", 1)[0]?.replace(/(?<=\/(?:pending|revoke)\/).+/, "…"); // hole T44: target
    return { server: identifier, path, status, ...(requirement && { requirement }), ...(error && { error }) };
  }
}
