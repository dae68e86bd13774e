import { createLogger } from "agent-kit/service";
import { loadConfig } from "agent-kit/settings";
import type { FastifyInstance } from "fastify";
import { AGENT_NAMES, identifierOf } from "topology";
import { onTestFinished } from "vitest";
import { freePort } from "../../../../scripts/demo/free-ports.ts";
import { buildPersonServer, type PersonServerDependencies } from "../../src/app.ts";
import { type PersonServerConfig, settings } from "../../src/config.ts";
import { createTestSignIn } from "./test-sign-in.ts";

/** The demo's resources, as named at its start. */
export const DEMO_RESOURCES = {
  PERSON_SERVER_RESOURCES: AGENT_NAMES.map(identifierOf).join(" "),
  PERSON_SERVER_SIGN_IN_PAGES: `${identifierOf("supply-chain-agent")}/orders/interaction/callback`,
};

/** The demo's configuration without logs, with the given variables. Tests may change it later. */
export function testConfig(env: Record<string, string> = {}): PersonServerConfig {
  return {
    ...loadConfig({
      service: "person-server",
      settings,
      env: { LOG_LEVEL: "silent", ...DEMO_RESOURCES, ...env },
      argv: [],
    }),
  };
}

export interface StartedPersonServer {
  readonly app: FastifyInstance;
  readonly url: string;
  readonly config: PersonServerConfig;
}

/**
 * Builds the server and listens on a free port, with its real address as URL. By default persons
 * sign in by name.
 */
export async function startListening(
  dependencies: PersonServerDependencies & { env?: Record<string, string> } = {},
): Promise<StartedPersonServer> {
  const { env, ...rest } = dependencies;
  const port = Number(env?.PERSON_SERVER_PORT ?? (await freePort()));
  const url = `http://localhost:${port}`;
  const config = testConfig({ ...env, PERSON_SERVER_URL: url, PERSON_SERVER_PORT: String(port) });
  const app = await buildPersonServer(config, { signIn: createTestSignIn, ...rest });
  onTestFinished(() => app.close());
  await app.listen({ host: "127.0.0.1", port });
  return { app, url, config };
}

/** A log as parsed records, one per line. */
export function recordingLogger() {
  const lines: string[] = [];
  const logger = createLogger({
    service: "person-server",
    level: "debug",
    format: "json",
    destination: { write: (line) => lines.push(line) },
  });
  return { logger, lines };
}
