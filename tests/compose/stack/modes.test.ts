/** One run in each mode that is a compose file; the modes that are variables have journeys. */

import { installLocalhostLookup } from "agent-kit/service";
import { afterEach, describe, expect, test } from "vitest";
import { compose, composeStatus, containers, upNew } from "../compose-stack.ts";
import { nextRun } from "../run-under-way.ts";

installLocalhostLookup();

const START = { timeout: 480_000 };
const DEFAULT_FILES = process.env.COMPOSE_FILE ?? "docker-compose.yml";
let env: Record<string, string> = {};

afterEach(async () => {
  await compose(["down", "--volumes", "--timeout", "4"], { env });
});

async function upWith(more: Record<string, string>): Promise<void> {
  env = more;
  await upNew(env);
}

describe("docker-compose.embedded.yml, whole", () => {
  const COMPOSE_FILE = "docker-compose.yml:docker-compose.embedded.yml";

  test("has no third-party parts, a run completes, and `consent` works from inside", START, async () => {
    await upWith({ COMPOSE_FILE });
    const images = (await compose(["config", "--images"], { env })).trim().split("\n");
    expect(new Set(images.map((image) => image.split(":")[0]))).toEqual(new Set(["aauth-demo/services"]));
    expect(await nextRun()).toBe("completed");
    // The size measured under load (services/trace-store/README.md).
    expect((await containers(env)).get("jaeger")!.HostConfig.Memory).toBeGreaterThanOrEqual(430 * 2 ** 20);
    const logs = await compose(["logs", "--no-color", "ui"], { env });
    expect(logs).not.toContain("Keycloak's console");
    const shown = await compose(["exec", "--no-TTY", "net", "node", "compose/consent.ts"], {
      env,
    });
    expect(shown).toContain(`Scopes that need consent:    ["openid","profile","email"]\n`);
  });

  test("asks for consent in user-delegated mode, also when the auth server was killed", START, async () => {
    await upWith({ COMPOSE_FILE, AAUTH_AUTHORIZATION_SCHEME: "user-delegated" });
    expect(await nextRun()).toBe("awaiting_consent");
    await composeStatus(["exec", "--no-TTY", "keycloak", "bash", "-c", "kill -9 -1"], { env });
    const restarts = async () => (await containers(env)).get("keycloak")!.RestartCount;
    await expect.poll(restarts, { timeout: 30_000, interval: 200 }).toBe(1);
    await expect.poll(nextRun, { timeout: 60_000, interval: 1000 }).toBe("awaiting_consent");
  });
});

test("docker-compose.policy.yml: the gateway accepts the backend with its scope", START, async () => {
  await upWith({ COMPOSE_FILE: `${DEFAULT_FILES}:docker-compose.policy.yml` });
  expect(await nextRun()).toBe("completed");
  const config = await compose(["config", "agentgateway"], { env });
  expect(config).toContain("/etc/agentgateway/config-policy.yaml");
});
