import { readFileSync } from "node:fs";
import { freePort } from "../../../scripts/demo/free-ports.ts";
import { startChild } from "../../support/child.ts";

/** Realm attributes, all strings. */
export type Attributes = Readonly<Record<string, string>>;

/** The auth server under test, reached only by HTTP. */
export interface AuthServerUnderTest {
  readonly kind: "embedded" | "keycloak";
  readonly origin: string;
  readonly issuer: string;
  readonly tokenEndpoint: string;
  readonly revocationEndpoint: string;
  readonly authEndpoint: string;
  /** Sends a request to the admin API, below the realm. */
  admin(path: string, init?: RequestInit): Promise<Response>;
  /** The realm file's attributes with these changes, from the next request on. */
  setAttributes(changes?: Attributes): Promise<void>;
  /**
   * Like {@link setAttributes}, but returns the answer, because a server may refuse malformed
   * attributes.
   */
  tryAttributes(changes: Attributes): Promise<Response>;
  close(): Promise<void>;
}

const REALM = "aauth-test";
/** Half the lifetime of an administrator's token. */
const ADMIN_TOKEN_MS = 30_000;
const REALM_FILE = new URL("../../../keycloak/realm/aauth-test-realm.json", import.meta.url);
const { attributes: FILE_ATTRIBUTES } = JSON.parse(readFileSync(REALM_FILE, "utf8")) as {
  attributes: Attributes;
};

/**
 * The server at AUTH_SERVER_TEST_URL, a Keycloak with the provider and the demo's realm (see
 * scripts/keycloak/start-for-tests.ts), or else the embedded one as a separate process. For a
 * running server, AUTH_SERVER_TEST_KIND is `embedded` if it is not a Keycloak, and
 * AUTH_SERVER_TEST_PASSWORD is its administrator's password if that is not the well-known one.
 */
export async function startAuthServer(): Promise<AuthServerUnderTest> {
  const running = process.env.AUTH_SERVER_TEST_URL;
  const { origin, stop } = running ? { origin: running, stop: async () => {} } : await startEmbedded();
  const issuer = `${origin}/realms/${REALM}`;

  let signIn: { token: string; until: number } | undefined;
  async function admin(path: string, init: RequestInit = {}): Promise<Response> {
    // Keycloak hashes a password slowly, on purpose.
    if (signIn === undefined || signIn.until < Date.now())
      signIn = { until: Date.now() + ADMIN_TOKEN_MS, token: await adminToken(origin) };
    const headers = { authorization: `Bearer ${signIn.token}`, "content-type": "application/json" };
    return fetch(`${origin}/admin/realms/${REALM}${path}`, { ...init, headers });
  }

  let applied: string | undefined;
  async function tryAttributes(changes: Attributes): Promise<Response> {
    applied = undefined;
    const current = (await (await admin("")).json()) as { attributes: Attributes };
    // Keycloak removes attributes that are not sent, so its own are sent back.
    const others = Object.entries(current.attributes).filter(([name]) => !name.startsWith("aauth."));
    const attributes = { ...Object.fromEntries(others), ...FILE_ATTRIBUTES, ...changes };
    return admin("", { method: "PUT", body: JSON.stringify({ realm: REALM, attributes }) });
  }

  const server: AuthServerUnderTest = {
    kind: running && process.env.AUTH_SERVER_TEST_KIND !== "embedded" ? "keycloak" : "embedded",
    origin,
    issuer,
    tokenEndpoint: `${issuer}/protocol/aauth/agent/token`,
    revocationEndpoint: `${issuer}/protocol/aauth/agent/revoke`,
    authEndpoint: `${issuer}/protocol/aauth/agent/auth`,
    admin,
    tryAttributes,
    async setAttributes(changes = {}) {
      const wanted = JSON.stringify(changes);
      if (applied === wanted) return;
      const reply = await tryAttributes(changes);
      if (!reply.ok) throw new Error(`the attributes were refused: ${reply.status} ${await reply.text()}`);
      applied = wanted;
    },
    close: stop,
  };
  return server;
}

async function startEmbedded() {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const child = startChild(process.execPath, ["services/auth-server/src/main.ts"], {
    env: { PATH: process.env.PATH, AUTH_SERVER_PORT: String(port), AUTH_SERVER_URL: origin },
  });
  await child.prints(/^auth-server ready on \S+, issuer \S+\/realms\/\S+$/m);
  const stop = async () => {
    child.process.kill("SIGTERM");
    await child.ended;
  };
  return { origin, stop };
}

async function adminToken(origin: string): Promise<string> {
  const reply = await fetch(`${origin}/realms/master/protocol/openid-connect/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "password",
      client_id: "admin-cli",
      username: "admin",
      password: process.env.AUTH_SERVER_TEST_PASSWORD || "admin",
    }),
  });
  return ((await reply.json()) as { access_token: string }).access_token;
}
