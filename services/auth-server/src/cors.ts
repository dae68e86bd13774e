import fastifyCors, { type FastifyCorsOptions } from "@fastify/cors";
import type { FastifyInstance, FastifyRequest } from "fastify";
import fastifyPlugin from "fastify-plugin";

const DOCUMENTS = [
  "",
  "/protocol/openid-connect/certs",
  "/protocol/aauth/certs",
  "/.well-known/aauth-issuer",
];
const TOKENS = [
  "/protocol/openid-connect/userinfo",
  "/protocol/aauth/agent/token",
  "/protocol/aauth/agent/revoke",
];

/**
 * Which pages may read which answers. Documents are for everyone. What answers a token or a signature is for the origins of the
 * realm's clients. Everything else, the pages above all, is for nobody. Cookies never count across origins. The OpenID endpoints
 * decide for themselves, per client (`clientBasedCORS`).
 */
export const cors = fastifyPlugin(
  async (app: FastifyInstance, options: { base: string; origins: readonly string[] }) => {
    const documents = new Set(DOCUMENTS.map((path) => options.base + path));
    const tokens = new Set(TOKENS.map((path) => options.base + path));
    const origins = [...options.origins];
    await app.register(fastifyCors, {
      delegator: (
        request: FastifyRequest,
        decide: (error: Error | null, options: FastifyCorsOptions) => void,
      ) => {
        const path = request.url.split("?", 1)[0] as string;
        if (documents.has(path)) return decide(null, { origin: "*", methods: ["GET"] });
        if (tokens.has(path)) return decide(null, { origin: origins, methods: ["GET", "POST"], maxAge: 600 });
        return decide(null, { origin: false });
      },
    });
  },
  { name: "auth-server-cors" },
);
