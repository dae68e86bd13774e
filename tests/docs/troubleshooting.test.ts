/** docs/troubleshooting.md quotes what somebody will see: each text is produced here, or read in the code that makes it. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ERROR_CODES } from "aauth";
import { ConfigError, KNOWN_NAMES } from "agent-kit/service";
import { describe, expect, test } from "vitest";
import { PortsTakenError } from "../../scripts/demo/run-stack.ts";
import { DEMO_PORTS, PORT_VARIABLES, REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { settings as authServer } from "../../services/auth-server/src/config.ts";
import { startInjected } from "../../services/auth-server/test/support/auth-server.ts";
import { freePorts } from "../support/free-ports.ts";

const page = read("docs/troubleshooting.md");

/** Where each quoted text comes from: a function that makes it, or the file that has it. */
const SOURCES: Readonly<Record<string, () => string | Promise<string>>> = {
  "A port is taken by another process:": portsTaken,
  "8080  needed by auth-server": portsTaken,
  "cannot start: one setting is wrong": () =>
    new ConfigError("backend", [{ name: "PORT", message: "must be a number" }]).message,
  "libatomic.so.1: cannot open shared object file": missingLibrary,
  "docker compose": () => read("docker-compose.yml"),
  "address already in use": addressInUse,
  net: () => read("docker-compose.yml"),
  'service "realm" didn\'t complete successfully: exit 2': realmWithWrongMode,
  ".env": () => read("docker-compose.yml"),
  "git pull": () => read("README.md"),
  "http://127.0.0.1:3050": () => `http://127.0.0.1:${DEMO_PORTS.ui}`,
  "Redirect_uri did not match any of the client's registered redirect_uris.": wrongRedirectUri,
  "Scope expansion not allowed": () => read("services/auth-server/src/request-types/exchange.ts"),
  http_503: () => read("services/backend/src/failures/explain-failure.ts").replace(/\$\{status\}/, "503"),
  consent_expired: () => read("services/backend/src/runs/run.ts"),
  ...Object.fromEntries(Object.keys(ERROR_CODES).map((code) => [code, () => code])),
};

const quoted = [...page.matchAll(/^\| ([^|]+) \|/gm)]
  .map(([, cell]) => cell!)
  .flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text!));

describe("a text that somebody sees", () => {
  test.each(quoted)("%s", async (text) => {
    expect(Object.keys(SOURCES)).toContain(text);
    expect(await SOURCES[text]!()).toContain(text);
  });
});

test("variables that are advised exist", () => {
  const known = new Set([
    ...KNOWN_NAMES,
    ...Object.values(PORT_VARIABLES),
    ...Object.values(authServer).map(({ env }) => env),
    ...[...read("docs/reference/configuration.md").matchAll(/^\| `([A-Z_0-9]+)`/gm)].map(([, name]) => name),
  ]);
  const named = [...page.matchAll(/`([A-Z]+_[A-Z_0-9]+)`/g)].map(([, name]) => name!);
  expect(named.filter((name) => !known.has(name) && name !== "AAUTH_")).toEqual([]);
});

test("errors have the status that is named with them", () => {
  const named = [...page.matchAll(/`(\w+)` \((\d{3})\)/g)].map(
    ([, code, status]) => [code!, Number(status)] as const,
  );
  expect(named.length).toBeGreaterThan(0);
  for (const [code, status] of named)
    expect(ERROR_CODES[code as keyof typeof ERROR_CODES]).toMatchObject({ status });
});

function read(file: string): string {
  return readFileSync(REPOSITORY_ROOT + file, "utf8");
}

function portsTaken(): string {
  const port = DEMO_PORTS.authServer;
  return new PortsTakenError([{ port, purpose: "auth-server", variable: PORT_VARIABLES.authServer }]).message;
}

/** The system's loader says it of what the pinned Node needs; elsewhere than on Linux it needs other things. */
function missingLibrary(): string {
  const library = "libatomic.so.1";
  const isNeeded = process.platform !== "linux" || readFileSync(process.execPath).includes(library);
  return isNeeded ? `${library}: cannot open shared object file` : `${process.execPath} needs no ${library}`;
}

/** Docker's words around the status with which the first container ends. */
function realmWithWrongMode(): string {
  const script = `${REPOSITORY_ROOT}compose/realm-for-mode.ts`;
  const env = { PATH: process.env.PATH, AAUTH_AUTHORIZATION_SCHEME: "user-delegate" };
  const { status } = spawnSync(process.execPath, [script, join(tmpdir(), "not-written.json")], { env });
  return `service "realm" didn't complete successfully: exit ${status}`;
}

/** What the system says, and Docker with it. */
async function addressInUse(): Promise<string> {
  const [port] = await freePorts(1);
  const first = createServer().listen(port, "127.0.0.1");
  try {
    await new Promise((resolve) => first.once("listening", resolve));
    const second = createServer().listen(port, "127.0.0.1");
    return await new Promise((resolve) => second.once("error", (error) => resolve(error.message)));
  } finally {
    first.close();
  }
}

/** The page on another port than the realm says. */
async function wrongRedirectUri(): Promise<string> {
  const { app } = await startInjected();
  const query = new URLSearchParams({
    client_id: "supply-chain-ui",
    response_type: "code",
    scope: "openid",
    redirect_uri: "http://localhost:3051/",
    code_challenge: "a".repeat(43),
    code_challenge_method: "S256",
  });
  const url = `/realms/aauth-test/protocol/openid-connect/auth?${query}`;
  const reply = await app.inject({ url, headers: { host: "localhost:8080", accept: "text/html" } });
  return reply.payload.replaceAll("&#39;", "'").replaceAll("&#x27;", "'");
}
