import cors from "@fastify/cors";
import { createService, type ServiceOptions } from "agent-kit/service";
import { issuerOf } from "agent-kit/settings";
import type { FastifyInstance } from "fastify";
import { serializerCompiler, validatorCompiler } from "fastify-type-provider-zod";
import type { BackendConfig } from "./config.ts";
import { errorReplies } from "./plugins/error-replies.ts";
import { userAccess } from "./plugins/user.ts";
import { createUserTokenVerifier } from "./users/user-token.ts";

/**
 * A service whose routes serve pages of the allowed origins, and require a signed-in user unless
 * they declare otherwise.
 */
export async function createApi(
  config: BackendConfig,
  { logger, now }: { readonly logger: ServiceOptions["logger"]; readonly now: () => number },
  registerRoutes: (api: FastifyInstance) => Promise<void>,
): Promise<FastifyInstance> {
  const app = createService({ name: "supply-chain-api", logger });
  await app.register(cors, {
    origin: [...config.corsAllowedOrigins],
    methods: ["GET", "POST", "DELETE"],
    allowedHeaders: ["Authorization", "Content-Type", "X-ID-Token", "traceparent", "tracestate"],
    maxAge: 600,
  });
  await app.register(async (api) => {
    api.setValidatorCompiler(validatorCompiler);
    api.setSerializerCompiler(serializerCompiler);
    await api.register(errorReplies);
    const verifyUserToken = createUserTokenVerifier({
      issuer: issuerOf(config),
      clientId: config.keycloakClientId,
      now,
    });
    await api.register(userAccess, { verifyUserToken });
    await registerRoutes(api);
  });
  return app;
}
