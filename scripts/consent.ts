/**
 * `npm run demo -- consent`: shows, and with flags changes, the scopes that need the user's
 * consent, at the running auth server (the embedded one or Keycloak), by the part of Keycloak's
 * admin REST API that both speak.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { visibleLines, visibleText } from "agent-kit/service";
import { portOfDemo } from "./port-of-demo.ts";

const HELP = `npm run demo -- consent [--scopes LIST] [--prefixes LIST]

Shows the scopes that need the user's consent at the running auth server, or replaces a list:
scopes as written, or beginnings of scopes, separated by commas; "" empties it.

Variables: KEYCLOAK_URL, KEYCLOAK_REALM, KEYCLOAK_ADMIN, KEYCLOAK_ADMIN_PASSWORD`;
const { env } = process;
const SERVER = env.KEYCLOAK_URL || `http://localhost:${portOfDemo("authServer", env)}`;
const REALM_URL = `${SERVER}/admin/realms/${encodeURIComponent(env.KEYCLOAK_REALM || "aauth-test")}`;
const ADMIN = env.KEYCLOAK_ADMIN || "admin";
const ANSWER_LIMIT_MS = 10_000;

type Attributes = Readonly<Record<string, string>>;

/** The program cannot go on; the message contains reason and remedy. */
class Failure extends Error {}

try {
  const list = { type: "string" } as const;
  const options = { scopes: list, prefixes: list, help: { type: "boolean" } } as const;
  const { scopes, prefixes, help } = parseArgs({ options }).values;
  if (help) console.log(HELP);
  else await showAndChange(scopes, prefixes);
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  const isUsage = code?.startsWith("ERR_PARSE_ARGS");
  if (!isUsage && !(error instanceof Failure)) throw error;
  console.error(visibleLines(isUsage ? `${message}\n\n${HELP}` : message));
  process.exitCode = isUsage ? 2 : 1;
}

async function showAndChange(scopes: string | undefined, prefixes: string | undefined): Promise<void> {
  const headers = { authorization: `Bearer ${await adminToken()}`, "content-type": "application/json" };
  let { attributes } = (await ask(REALM_URL, { headers })) as { attributes: Attributes };
  if (scopes !== undefined || prefixes !== undefined) {
    // Keycloak removes attributes that are not sent, so all are sent back.
    attributes = {
      ...attributes,
      ...(scopes !== undefined && { "aauth.consent.required.scopes": jsonOf(scopes) }),
      ...(prefixes !== undefined && { "aauth.consent.required.scope.prefixes": jsonOf(prefixes) }),
    };
    await ask(REALM_URL, { method: "PUT", headers, body: JSON.stringify({ attributes }) });
    console.log("Changed; it holds from the next request on.");
  }
  // An auth server may have stored any string as a scope.
  const shown = (name: string) => visibleText(attributes[name] ?? "the auth server's default");
  console.log(`Scopes that need consent:    ${shown("aauth.consent.required.scopes")}`);
  console.log(`Prefixes that need consent:  ${shown("aauth.consent.required.scope.prefixes")}`);
}

async function adminToken(): Promise<string> {
  const password = env.KEYCLOAK_ADMIN_PASSWORD || "admin";
  const form = { grant_type: "password", client_id: "admin-cli", username: ADMIN, password };
  const url = `${SERVER}/realms/master/protocol/openid-connect/token`;
  const answer = await ask(url, { method: "POST", body: new URLSearchParams(form) });
  return String(answer.access_token);
}

async function ask(url: string, init: RequestInit): Promise<Readonly<Record<string, unknown>>> {
  const reply = await fetch(url, { ...init, signal: AbortSignal.timeout(ANSWER_LIMIT_MS) }).catch(
    (cause: Error) => {
      const reason = "start one (npm run demo), or name it in KEYCLOAK_URL";
      throw new Failure(`No auth server answers at ${SERVER}: ${reason}.`, { cause });
    },
  );
  const text = await reply.text();
  if (reply.ok) return text === "" ? {} : JSON.parse(text);
  throw new Failure(
    `The auth server answered with status ${reply.status}: ${text.slice(0, 500)}\n` +
      "KEYCLOAK_ADMIN and KEYCLOAK_ADMIN_PASSWORD name its administrator, KEYCLOAK_REALM the realm. " +
      "The embedded one is administered from this machine only, and only while its own address is http.",
  );
}

function jsonOf(list: string): string {
  const words = list.split(",").map((word) => word.trim());
  return JSON.stringify(words.filter((word) => word !== ""));
}
