import type { PersonServer } from "aauth/issuer";
import { receivedFields } from "aauth/resource";
import type { FastifyInstance } from "fastify";

/**
 * Serves a person server or an access server to requests whose `Host` is that of its identifier, with any port: both have documents at the same paths.
 * What callers sign is compared with the identifier, and never with `Host`.
 */
export async function serveIssuer(
  app: FastifyInstance,
  options: { identifier: string; server: Pick<PersonServer, "handle"> },
): Promise<void> {
  const { identifier, server } = options;
  const { hostname } = new URL(identifier);
  const host = new RegExp(`^${hostname.replaceAll(".", "\\.")}(?::\\d+)?$`, "i");
  // The bytes of a body are what counts here.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  for (const url of ["/.well-known/*", "/jwks.json", "/aauth/*"]) {
    app.route({
      method: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
      url,
      constraints: { host },
      handler: async ({ method, originalUrl, raw, body }, reply) => {
        const request = { method, target: originalUrl, headers: receivedFields(raw) };
        const answer = await server.handle({ ...request, body: body as Buffer | undefined });
        if (answer === undefined) return reply.callNotFound();
        return reply.code(answer.status).headers(answer.headers).send(answer.body);
      },
    });
  }
}
