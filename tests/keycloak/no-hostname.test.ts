/**
 * Hole J6, second half: without a configured hostname, Keycloak takes its name from the request's
 * `Host`. No caller may sign for that name.
 */

import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import { freePorts } from "../../scripts/demo/free-ports.ts";
import { prepareKeycloak } from "../../scripts/keycloak/prepare-keycloak.ts";
import { withQuickStart } from "../../scripts/keycloak/quick-start.ts";
import { spawnGuarded } from "../../scripts/spawn-guarded.ts";
import { keyPair, send, signedBy } from "../support/foreign-agent.ts";

const READY_LIMIT_MS = 8 * 60_000;
const POLL_MS = 500;

const [port, managementPort] = await freePorts(2);
const home = await prepareKeycloak({
  env: process.env,
  log: () => {},
  signal: AbortSignal.timeout(READY_LIMIT_MS),
});
const keycloak = spawnGuarded(
  "sh",
  [
    join(home, "bin/kc.sh"),
    "start",
    "--optimized",
    "--hostname-strict=false",
    "--http-enabled=true",
    "--http-host=127.0.0.1",
    `--http-port=${port}`,
    `--http-management-port=${managementPort}`,
    "--cache=local",
  ],
  { stdio: "ignore", env: { ...withQuickStart(process.env), QUARKUS_OTEL_SDK_DISABLED: "true" } },
);
const ended = new Promise((resolve) => keycloak.once("close", resolve));
afterAll(async () => {
  keycloak.kill("SIGTERM");
  await ended;
});

async function ready(): Promise<void> {
  const giveUpAt = Date.now() + READY_LIMIT_MS;
  while (Date.now() < giveUpAt && keycloak.exitCode === null) {
    const reply = await fetch(`http://127.0.0.1:${managementPort}/health/ready`).catch(() => undefined);
    await reply?.body?.cancel();
    if (reply?.ok) return;
    await pause(POLL_MS);
  }
  throw new Error("Keycloak did not start");
}
await ready();

test.each(["auth.example", "localhost"])("signed for %s, which is only the request's word", async (host) => {
  const { key, x } = keyPair();
  const path = "/realms/master/protocol/aauth/agent/token";
  const { headers, body } = signedBy(key, `sig1=(scheme=hwk kty="OKP" crv="Ed25519" x="${x}")`, {
    method: "POST",
    url: `http://${host}:${port}${path}`,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: "request_type=auth&scope=read",
  });
  const reply = await send({
    method: "POST",
    url: `http://127.0.0.1:${port}${path}`,
    headers: { ...headers, host: `${host}:${port}` },
    body: String(body),
  });
  expect([reply.status, JSON.parse(reply.text)]).toEqual([
    401,
    {
      error: "invalid_signature",
      error_description: "the request addresses a host that is not served here",
    },
  ]);
});
