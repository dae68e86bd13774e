import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestClock, createTestDiscovery, type TestClock } from "aauth/testing";
import { createLogger, memoryKeys } from "agent-kit/service";
import { loadConfig } from "agent-kit/settings";
import { createRsaKeys, type RsaKeys } from "issuer-kit/openid";
import { onTestFinished, vi } from "vitest";
import { freePort } from "../../../../scripts/demo/free-ports.ts";
import { type AuthServer, type AuthServerDependencies, buildAuthServer } from "../../src/app.ts";
import { type AuthServerConfig, settings } from "../../src/config.ts";

/** The demo's configuration without log output, with the given environment variables. */
export function testConfig(env: Record<string, string> = {}): AuthServerConfig {
  return loadConfig({ service: "auth-server", settings, env: { LOG_LEVEL: "silent", ...env }, argv: [] });
}

/** The variable that names a file with the demo's realm, with some fields changed. */
export async function realmWith(change: object): Promise<Record<string, string>> {
  const demo = JSON.parse(await readFile(settings.realmFile.schema.parse(undefined), "utf8"));
  const file = join(await mkdtemp(join(tmpdir(), "realm-")), "realm.json");
  await writeFile(file, JSON.stringify({ ...demo, ...change }));
  return { AUTH_SERVER_REALM_FILE: file };
}

export interface TestServer extends AuthServer {
  readonly clock: TestClock;
}

/**
 * Builds the server for `inject`. It is closed when the test ends. Until then the process's clock
 * stands where the test's does: the OpenID library reads that one, and a second that passes between
 * the two would let a sign-in live longer than the test says.
 */
export async function startInjected(
  dependencies: AuthServerDependencies & { env?: Record<string, string>; clock?: TestClock } = {},
): Promise<TestServer> {
  const { env, clock = createTestClock(Math.floor(Date.now() / 1000)), ...rest } = dependencies;
  vi.spyOn(Date, "now").mockImplementation(() => clock.now() * 1000);
  const config = testConfig(env);
  const server = await buildAuthServer(config, {
    now: clock.now,
    rsaKeys: await sharedKeys(),
    discovery: createTestDiscovery({}),
    ...rest,
  });
  onTestFinished(() => server.app.close());
  return { ...server, clock };
}

/** An RSA key takes a tenth of a second to make, so the injected servers of one file share one. */
let keys: Promise<RsaKeys> | undefined;

function sharedKeys(): Promise<RsaKeys> {
  keys ??= createRsaKeys(memoryKeys(), "auth-server");
  return keys;
}

/** Builds the server and listens on a free port, with its real address as its URL. */
export async function startListening(
  dependencies: AuthServerDependencies & { env?: Record<string, string> } = {},
): Promise<AuthServer & { url: string }> {
  const { env, ...rest } = dependencies;
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const own = { AUTH_SERVER_URL: url, AUTH_SERVER_PORT: String(port) };
  const server = await buildAuthServer(testConfig({ ...env, ...own }), rest);
  onTestFinished(() => server.app.close());
  await server.app.listen({ host: "127.0.0.1", port });
  return { ...server, url };
}

/** A log as parsed records, one per line. */
export function recordingLogger() {
  const lines: string[] = [];
  const logger = createLogger({
    service: "auth-server",
    level: "debug",
    format: "json",
    destination: { write: (line) => lines.push(line) },
  });
  return { logger, lines };
}
