/**
 * Keycloak as one service of the stack: prepares it, starts it, gives it the demo's realm, and ends
 * together with this process's parent. Takes the same variables as the embedded auth server.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { PARENT_PID_VARIABLE, watchParent } from "agent-kit/service";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { KeycloakUnavailableError } from "./java-tools.ts";
import { prepareKeycloak } from "./prepare-keycloak.ts";
import { realmRepresentation } from "./realm-representation.ts";
import { startKeycloak } from "./start-keycloak.ts";

const stop = new AbortController();
const { signal } = stop;
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => stop.abort());
watchParent(() => stop.abort());
// The variable names this process's parent; Keycloak's parent is this process.
const { [PARENT_PID_VARIABLE]: _, ...env } = process.env;
process.exit(await main());

async function main(): Promise<number> {
  try {
    const home = await prepareKeycloak({ env, log: console.log, signal });
    if (signal.aborted) return 0;
    const origin = required("AUTH_SERVER_URL");
    const keycloak = await startKeycloak({
      home,
      origin,
      port: Number(required("AUTH_SERVER_PORT")),
      managementPort: Number(required("KEYCLOAK_MANAGEMENT_PORT")),
      admin: {
        username: env.KEYCLOAK_ADMIN || "admin",
        password: env.KEYCLOAK_ADMIN_PASSWORD || "admin",
      },
      realm: await realm(),
      ...(env.KEYCLOAK_CLUSTER_DATABASE_URL && {
        cluster: {
          databaseUrl: env.KEYCLOAK_CLUSTER_DATABASE_URL,
          port: Number(required("KEYCLOAK_CLUSTER_PORT")),
        },
      }),
      ...(env.AUTH_SERVER_CONSENT_SECONDS && { consentSeconds: Number(env.AUTH_SERVER_CONSENT_SECONDS) }),
      ...(env.OTEL_EXPORTER_OTLP_ENDPOINT && { otlpUrl: env.OTEL_EXPORTER_OTLP_ENDPOINT }),
      env,
      signal,
    });
    if (!signal.aborted) console.log(`Keycloak is ready on ${origin}; administration: ${origin}/admin/`);
    const status = await keycloak.ended;
    return signal.aborted ? 0 : status;
  } catch (error) {
    if (signal.aborted) return 0;
    if (!(error instanceof KeycloakUnavailableError)) throw error;
    console.error(error.message);
    return 1;
  }
}

function required(name: string): string {
  const value = env[name];
  if (value) return value;
  throw new KeycloakUnavailableError(`${name} is not set: npm run demo -- --auth-server keycloak sets it.`);
}

async function realm(): Promise<object> {
  const file = env.AUTH_SERVER_REALM_FILE || `${REPOSITORY_ROOT}keycloak/realm/aauth-test-realm.json`;
  const consentScopes = list("AUTH_SERVER_CONSENT_SCOPES");
  const selfAgents = list("AUTH_SERVER_SELF_AGENTS");
  const exchangeAgents = list("AUTH_SERVER_EXCHANGE_AGENTS");
  const publishedPeers = list("AAUTH_PUBLISHED_PEERS");
  return realmRepresentation(await readFile(file, "utf8"), {
    ...(env.AUTH_SERVER_UI_URL && { uiUrl: env.AUTH_SERVER_UI_URL }),
    ...(env.AUTH_SERVER_PERSON_SERVER_URL && { personServerUrl: env.AUTH_SERVER_PERSON_SERVER_URL }),
    attributes: {
      ...(env.KEYCLOAK_AAUTH_ENABLED && { "aauth.enabled": env.KEYCLOAK_AAUTH_ENABLED }),
      ...(consentScopes && { "aauth.consent.required.scopes": JSON.stringify(consentScopes) }),
      ...(selfAgents && { "aauth.self.agents": JSON.stringify(selfAgents) }),
      ...(publishedPeers && { "aauth.published.peers": JSON.stringify(publishedPeers) }),
      ...(exchangeAgents && { "aauth.exchange.agents": JSON.stringify(exchangeAgents) }),
    },
  });
}

function list(name: string): string[] | undefined {
  return env[name]?.split(/[\s,]+/).filter((word) => word !== "");
}
