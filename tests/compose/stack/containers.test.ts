/**
 * The stack as `docker compose up` makes it. Needs `npm run test:long -- compose`, which prepares
 * the images.
 */

import { readFileSync } from "node:fs";
import { installLocalhostLookup } from "agent-kit/service";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { REPOSITORY_ROOT } from "../../../scripts/demo/stack.ts";
import { runProgram } from "../../../scripts/run-program.ts";
import { type Container, compose, composeStatus, containers, isReal, up, urls } from "../compose-stack.ts";
import { nextRun } from "../run-under-way.ts";
import { throughContainers } from "../through-containers.ts";

installLocalhostLookup();
throughContainers();

const STOP_LIMIT_MS = 5_000;
const MIB = 1024 * 1024;
/**
 * Measured 324 and 551 MiB, of which stand-ins for the base images are 158 and 547 (official ones
 * are smaller), and Node is 121.
 */
const SIZE_LIMIT_MIB = { services: 370, keycloak: 600 };
const { version } = JSON.parse(readFileSync(`${REPOSITORY_ROOT}package.json`, "utf8")) as { version: string };

beforeAll(async () => {
  await compose(["down", "--volumes", "--timeout", "4"]);
  await up();
});

describe("the containers", () => {
  let all: ReadonlyMap<string, Container>;
  beforeAll(async () => {
    all = await containers();
  });

  test("all services run, and ended containers have ended without an error", () => {
    const states = [...all].map(([name, { State }]) => [name, State.Running ? "running" : State.ExitCode]);
    const expected = [...all.keys()].map((name) => [name, name === "realm" ? 0 : "running"]);
    expect(states).toEqual(expected);
  });

  test("ports are published on loopback only", () => {
    const addresses = [...all.values()]
      .flatMap(({ HostConfig }) => Object.values(HostConfig.PortBindings ?? {}))
      .flat()
      .map(({ HostIp }) => HostIp);
    expect(new Set(addresses)).toEqual(new Set(["127.0.0.1"]));
  });

  test("no process is root or may become more, and each has a bound on memory", () => {
    for (const [name, { Config, HostConfig }] of all) {
      expect({ name, user: Config.User }).not.toEqual({
        name,
        user: expect.stringMatching(/^(|0|root)(:|$)/),
      });
      expect(HostConfig.CapDrop).toEqual(["ALL"]);
      expect(HostConfig.SecurityOpt?.join()).toContain("no-new-privileges");
      expect(HostConfig.Memory).toBeGreaterThan(0);
    }
  });

  test("file systems are read-only", () => {
    const writable = [...all]
      .filter(([, { HostConfig }]) => !HostConfig.ReadonlyRootfs)
      .map(([name]) => name);
    expect(writable).toEqual([]);
  });

  test("no environment holds a secret", () => {
    const names = [...all.values()].flatMap(({ Config }) =>
      Config.Env.map((entry) => entry.split("=", 1)[0]!),
    );
    expect(names.filter((name) => /PASSWORD$|SECRET|TOKEN$/.test(name))).toEqual([]);
  });

  test("the images are of this version, state their contents, and have not grown", async () => {
    const bases = {
      services: "docker.io/library/debian:trixie-slim",
      ...(isReal("keycloak") && { keycloak: expect.stringMatching(/^quay\.io\/keycloak\/keycloak:\d/) }),
    };
    for (const [name, base] of Object.entries(bases)) {
      const { output } = await runProgram("docker", ["image", "inspect", `aauth-demo/${name}:${version}`], {
        output: "caught",
      });
      const [image] = JSON.parse(output) as [{ Size: number; Config: { Labels: Record<string, string> } }];
      const label = (key: string) => image.Config.Labels[`org.opencontainers.image.${key}`];
      expect([label("version"), label("base.name")]).toEqual([version, base]);
      expect([label("revision"), label("source")]).toEqual(["test-revision", "test-source"]);
      const sizeMib = Math.round(image.Size / MIB);
      console.log(`aauth-demo/${name}: ${sizeMib} MiB`);
      expect(sizeMib).toBeLessThan(SIZE_LIMIT_MIB[name as keyof typeof SIZE_LIMIT_MIB]);
    }
  });
});

test("the log says when everything is ready, and where to go", async () => {
  const text = await compose(["logs", "--no-color", "ui"]);
  expect(text).toContain("Ready: AAuth of February 2026, signatures by jwks, authorization autonomous.");
  expect(text).toContain(`Open ${urls.ui}, sign in as mcp-user with password user123, press`);
  expect(text.includes("Keycloak's console")).toBe(isReal("keycloak"));
});

describe("which scopes need consent", () => {
  const consent = (...args: string[]) =>
    compose(["exec", "--no-TTY", "net", "node", "compose/consent.ts", ...args]);
  const usual = "openid,profile,email";
  const shown = (scopes: string) => `Scopes that need consent:    ${JSON.stringify(scopes.split(","))}\n`;
  afterAll(() => consent("--scopes", usual));

  test("can be seen and changed with the command that the documents name", async () => {
    expect(await consent()).toContain(shown(usual));
    await consent("--scopes", `${usual},supply-chain:optimize`);
    expect(await consent()).toContain(shown(`${usual},supply-chain:optimize`));
    expect(await nextRun()).toBe("awaiting_consent");
  });

  test("can be changed from outside with the administrator's password", async () => {
    const password = await compose(["exec", "--no-TTY", "net", "cat", "/run/admin/password"]);
    const run = (env: Record<string, string>) =>
      runProgram(process.execPath, ["scripts/consent.ts", "--scopes", usual], { output: "caught", env });
    expect(await run({ KEYCLOAK_ADMIN_PASSWORD: password })).toMatchObject({ status: 0 });
    expect(await run({ KEYCLOAK_ADMIN_PASSWORD: "admin" })).toMatchObject({ status: 1 });
    expect(await nextRun()).toBe("completed");
  });
});

describe("an auth server that dies and is restarted", () => {
  test("asks for consent as before, in user-delegated mode", { timeout: 480_000 }, async () => {
    await up({ AAUTH_AUTHORIZATION_SCHEME: "user-delegated" });
    expect(await nextRun()).toBe("awaiting_consent");
    const restarts = async () => (await containers()).get("keycloak")!.RestartCount;
    expect(await restarts()).toBe(0);
    // Ends all processes of the container's user: the auth server, but not the init above it.
    await composeStatus(["exec", "--no-TTY", "keycloak", "bash", "-c", "kill -9 -1"]);
    await expect.poll(restarts, { timeout: 30_000, interval: 200 }).toBe(1);
    // Not `up`, which would write the realm again: the restart by Docker alone must be enough.
    const health = async () => (await containers()).get("keycloak")!.State.Health?.Status;
    await expect.poll(health, { timeout: 180_000, interval: 1000 }).toBe("healthy");
    await expect.poll(nextRun, { timeout: 30_000, interval: 1000 }).toMatch(/^(awaiting_consent|completed)$/);
    expect(await nextRun()).toBe("awaiting_consent");
    await up();
    await expect.poll(nextRun, { timeout: 60_000, interval: 1000 }).toBe("completed");
  });
});

test("misspelt names in .env are refused before anything runs, in one line each", async () => {
  const { status, output } = await composeStatus([
    "run",
    "--rm",
    "--no-deps",
    "--env",
    "AAUTH_AUTHORISATION_SCHEME=user-delegated",
    "--env",
    "AAUTH_SIGNATURE_SCHEME=jwt",
    "realm",
  ]);
  expect(status).toBe(2);
  expect(output).toContain(
    "AAUTH_AUTHORISATION_SCHEME: unknown variable; did you mean AAUTH_AUTHORIZATION_SCHEME?",
  );
  expect(output).toContain("AAUTH_SIGNATURE_SCHEME: ");
  expect(output).not.toMatch(/\n {4}at /);
});

test("everything stops within 5 s", { timeout: 600_000 }, async () => {
  const stop = async () => {
    const startedAt = performance.now();
    await compose(["stop", "--timeout", "4"]);
    const tookMs = performance.now() - startedAt;
    console.log(`stopped in ${(tookMs / 1000).toFixed(1)} s`);
    return tookMs;
  };
  const first = await stop();
  if (first < STOP_LIMIT_MS) return;
  // Tries again, because the machine may have been busy.
  await up();
  expect(await stop()).toBeLessThan(STOP_LIMIT_MS);
});
