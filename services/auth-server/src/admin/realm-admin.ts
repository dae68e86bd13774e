import { readFileSync } from "node:fs";
import type { Stores } from "aauth";
import { ConfigError } from "agent-kit/settings";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { createSecrets, noStore, oauthErrorOf, sendOAuthError } from "issuer-kit";
import type { RsaKeys } from "issuer-kit/openid";
import { z } from "zod";
import { equalSecrets } from "../realm/accounts.ts";
import type { PasswordLimit } from "../realm/password-limit.ts";
import type { RealmState } from "../realm/realm-state.ts";

const ADMINISTRATOR = "admin";
/** Keycloak's default for development (`KC_BOOTSTRAP_ADMIN_PASSWORD` of the demo). */
const DEVELOPMENT_PASSWORD = "admin";
const TOKEN_LIFETIME_SECONDS = 60;

/**
 * In Keycloak a new key is a new key provider. This server ignores its priority: the newest key
 * signs.
 */
const newKeySchema = z.looseObject({
  providerType: z.literal("org.keycloak.keys.KeyProvider"),
  providerId: z.literal("rsa-generated"),
});

const updateSchema = z.looseObject({ attributes: z.record(z.string(), z.string()).optional() });

/**
 * The part of Keycloak's admin API that the demo uses: a direct grant in realm `master`, reading
 * and replacing this realm's attributes, and creating a key. As in Keycloak, `attributes` replaces
 * all attributes, and other fields of the representation are allowed; unlike in Keycloak, they have
 * no effect. With the well-known password it only serves this machine; with its own password, any
 * caller that has it.
 *
 * @throws ConfigError if the password file cannot be read or is empty, because everyone knows an
 * empty password
 */
export async function realmAdmin(
  app: FastifyInstance,
  options: {
    state: RealmState;
    keys: RsaKeys;
    passwordLimit: PasswordLimit;
    host: string;
    stores: Pick<Stores, "records">;
    /** File with a password other than the well-known one. */
    passwordFile?: string | undefined;
  },
): Promise<void> {
  const { state, keys, passwordLimit, host, stores, passwordFile } = options;
  const { realm } = state;
  const ownPassword = passwordFile === undefined ? undefined : readPassword(passwordFile);
  const tokens = createSecrets(stores.records<true>("admin tokens"), () => ADMINISTRATOR);
  const url = `/admin/realms/${realm.realm}`;

  app.setErrorHandler((error, _request, reply) => {
    const refusal = oauthErrorOf(error);
    if (refusal === undefined) throw error;
    return sendOAuthError(reply, refusal);
  });

  app.addHook("onRequest", async (request, reply) => {
    if (ownPassword === undefined && !isLocalRequest(request, host))
      return reply.code(403).send({ error: "HTTP 403 Forbidden" });
    noStore(reply);
  });

  app.post<{ Body: Record<string, unknown> | undefined }>(
    "/realms/master/protocol/openid-connect/token",
    async (request, reply) => {
      const { grant_type, client_id, username, password } = request.body ?? {};
      if (grant_type !== "password") return reply.code(400).send({ error: "unsupported_grant_type" });
      if (client_id !== "admin-cli") return reply.code(401).send({ error: "invalid_client" });
      // Always compares both, so that the response time reveals nothing.
      const isName = equalSecrets(textOf(username), ADMINISTRATOR);
      const isPassword = equalSecrets(textOf(password), ownPassword ?? DEVELOPMENT_PASSWORD);
      const origin = { clientId: client_id, address: request.ip };
      // The limit does not apply to the well-known password, which needs no guessing.
      const allowed = ownPassword === undefined || (isName && passwordLimit.allows(ADMINISTRATOR, origin));
      if (!allowed || !isName || !isPassword) {
        return reply
          .code(400)
          .send({ error: "invalid_grant", error_description: "Invalid user credentials" });
      }
      passwordLimit.reset(ADMINISTRATOR, origin);
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

  app.post(`${url}/components`, { preHandler: requireAdmin }, async (request, reply) => {
    const component = newKeySchema.safeParse(request.body);
    if (!component.success) return reply.code(400).send({ errorMessage: z.prettifyError(component.error) });
    try {
      const { kid } = await keys.rotate();
      request.log.info({ kid }, "🔑 New realm key published; it signs as soon as everyone can have read it");
      return reply.code(201).header("location", `${url}/components/${kid}`).send();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return reply.code(409).send({ errorMessage: error.message });
    }
  });

  async function requireAdmin(request: FastifyRequest, reply: FastifyReply) {
    const token = /^Bearer ([\w-]+)$/i.exec(request.headers.authorization ?? "")?.[1];
    if (token !== undefined && (await tokens.find(token))) return undefined;
    return reply.code(401).header("www-authenticate", "Bearer").send({ error: "HTTP 401 Unauthorized" });
  }
}

/**
 * Whether the request comes from this machine and is addressed to the server's own name. The latter
 * excludes web pages whose host name points to loopback (DNS rebinding).
 */
function isLocalRequest(request: FastifyRequest, host: string): boolean {
  const address = request.socket.remoteAddress ?? "";
  return /^(::1|(::ffff:)?127(\.\d+){3})$/i.test(address) && request.headers.host === host;
}

/** Reads the password without the trailing line end that editors add. */
function readPassword(path: string): string {
  const problem = (message: string) =>
    new ConfigError("auth-server", [{ name: "AUTH_SERVER_ADMIN_PASSWORD_FILE", message }]);
  let password: string;
  try {
    password = readFileSync(path, "utf8").trim();
  } catch (error) {
    throw problem(`cannot read ${path} (${(error as NodeJS.ErrnoException).code})`);
  }
  if (password === "") throw problem(`${path} is empty`);
  return password;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
