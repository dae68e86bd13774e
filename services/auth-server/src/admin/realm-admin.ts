import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { CreateStore } from "../create-store.ts";
import { equalSecrets } from "../realm/accounts.ts";
import type { RealmState } from "../realm/realm-state.ts";
import { createSecrets } from "../secrets.ts";
import { isLocalRequest } from "./loopback-only.ts";

/** Keycloak's default for development (`KC_BOOTSTRAP_ADMIN_USERNAME` and `_PASSWORD` of the demo). */
const ADMIN = { username: "admin", password: "admin" };
const TOKEN_LIFETIME_SECONDS = 60;

const updateSchema = z.looseObject({ attributes: z.record(z.string(), z.string()).optional() });

/**
 * The little of Keycloak's admin API that the demo uses: a direct grant in realm `master`, and reading and replacing the attributes
 * of this realm. Like Keycloak, `attributes` replaces all of them, and other fields of the representation are allowed; unlike
 * Keycloak, those are left alone. With a password that everyone knows, it answers this machine only.
 */
export async function realmAdmin(
  app: FastifyInstance,
  options: { state: RealmState; host: string; createStore: CreateStore },
): Promise<void> {
  const { state, host, createStore } = options;
  const { realm } = state;
  const tokens = createSecrets<true>(createStore());
  const url = `/admin/realms/${realm.realm}`;

  app.addHook("onRequest", async (request, reply) => {
    if (!isLocalRequest(request, host)) return reply.code(403).send({ error: "HTTP 403 Forbidden" });
  });

  app.post<{ Body: Record<string, unknown> | undefined }>(
    "/realms/master/protocol/openid-connect/token",
    async (request, reply) => {
      reply.header("cache-control", "no-store");
      const { grant_type, client_id, username, password } = request.body ?? {};
      if (grant_type !== "password") return reply.code(400).send({ error: "unsupported_grant_type" });
      if (client_id !== "admin-cli") return reply.code(401).send({ error: "invalid_client" });
      // Both are compared in any case, so that the answer's time tells nothing.
      const known = [
        equalSecrets(String(username), ADMIN.username),
        equalSecrets(String(password), ADMIN.password),
      ];
      if (known.includes(false)) {
        return reply
          .code(401)
          .send({ error: "invalid_grant", error_description: "Invalid user credentials" });
      }
      const token = await tokens.issue(true, TOKEN_LIFETIME_SECONDS);
      return {
        access_token: token,
        expires_in: TOKEN_LIFETIME_SECONDS,
        token_type: "Bearer",
        scope: "profile email",
      };
    },
  );

  app.get(url, { preHandler: requireAdmin }, async () => ({
    id: realm.realm,
    realm: realm.realm,
    displayName: realm.displayName,
    enabled: realm.enabled,
    attributes: state.attributes(),
  }));

  app.put(url, { preHandler: requireAdmin }, async (request, reply) => {
    const update = updateSchema.safeParse(request.body);
    if (!update.success) return reply.code(400).send({ errorMessage: z.prettifyError(update.error) });
    try {
      if (update.data.attributes !== undefined) state.replaceAttributes(update.data.attributes);
    } catch (error) {
      return reply.code(400).send({ errorMessage: error instanceof Error ? error.message : String(error) });
    }
    request.log.info({ attributes: state.attributes() }, "Realm attributes replaced");
    return reply.code(204).send();
  });

  async function requireAdmin(request: FastifyRequest, reply: FastifyReply) {
    const token = /^Bearer ([\w-]+)$/i.exec(request.headers.authorization ?? "")?.[1];
    if (token !== undefined && (await tokens.find(token))) return undefined;
    return reply.code(401).header("www-authenticate", "Bearer").send({ error: "HTTP 401 Unauthorized" });
  }
}
