/** The stack as `docker compose up` makes it. Needs `npm run test:compose`, which prepares the images. */

import { setTimeout as pause } from "node:timers/promises";
import type { Progress } from "backend-api";
import type { Browser } from "playwright-core";
import { SPAN } from "protocol-trace/names";
import { installLocalhostLookup } from "service-kit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openPage, startBrowser } from "../support/browser.ts";
import { consentPageOpen, decideConsent } from "../support/consent-page.ts";
import { type ApiUser, signIn } from "../support/optimization-run.ts";
import { wholeTrace } from "../support/run-trace.ts";
import { fillLoginPage } from "../support/sign-in.ts";
import { type Container, compose, containers, isReal, up, urls } from "./compose-stack.ts";

installLocalhostLookup();

const WAIT = { timeout: 60_000 };
const STOP_LIMIT_MS = 5_000;
/** A run has passed the backend and the first agent by then. */
const RUN_UNDER_WAY_MS = 1500;

let browser: Browser;

beforeAll(async () => {
  await compose(["down", "--volumes", "--timeout", "4"]);
  await up();
  browser = await startBrowser();
}, 480_000);
afterAll(async () => {
  await browser?.close();
  await compose(["down", "--volumes", "--timeout", "4"]);
}, 60_000);

const user = (): Promise<ApiUser> => signIn({ urls });

describe("the containers", () => {
  let all: ReadonlyMap<string, Container>;
  beforeAll(async () => {
    all = await containers();
  });

  test("everything runs; what has ended has ended well", () => {
    const states = [...all].map(([name, { State }]) => [name, State.Running ? "running" : State.ExitCode]);
    const expected = [...all.keys()].map((name) => [name, name === "consent-policy" ? 0 : "running"]);
    expect(states).toEqual(expected);
  });

  test("ports are published on loopback only", () => {
    const addresses = [...all.values()]
      .flatMap(({ HostConfig }) => Object.values(HostConfig.PortBindings ?? {}))
      .flat()
      .map(({ HostIp }) => HostIp);
    expect(new Set(addresses)).toEqual(new Set(["127.0.0.1"]));
  });

  test("nobody is root, nobody may become more, and each has a bound on memory", () => {
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

  test("file systems are read-only, except the real Keycloak's, which keeps its database in it", () => {
    const writable = [...all]
      .filter(([, { HostConfig }]) => !HostConfig.ReadonlyRootfs)
      .map(([name]) => name);
    expect(writable).toEqual(isReal("keycloak") ? ["keycloak"] : []);
  });

  test("no environment holds a secret", () => {
    const names = [...all.values()].flatMap(({ Config }) =>
      Config.Env.map((entry) => entry.split("=", 1)[0]!),
    );
    expect(names.filter((name) => /PASSWORD$|SECRET|TOKEN$/.test(name))).toEqual([]);
  });
});

describe("a person in a browser", () => {
  test("signs in, presses the button, and the run's trace has every party", async () => {
    const { page } = await openPage(browser);
    await page.goto(urls.ui);
    await page.getByRole("button", { name: "Sign in with Keycloak" }).click();
    await fillLoginPage(page);
    await page.getByRole("button", { name: "Optimize Laptop Supply Chain" }).click();
    await page.getByRole("heading", { name: "Optimization completed" }).waitFor(WAIT);
    const parties = ["supply-chain-backend", "agentgateway", "supply-chain-agent"];
    const authServer = isReal("keycloak") ? "keycloak" : "auth-server";
    const spans = await wholeTrace(urls.traces, SPAN.startOptimization, (seen) =>
      [...parties, authServer, "supply-chain-ui"].every((name) =>
        seen.some(({ service }) => service === name),
      ),
    );
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  });

  test("in user-delegated mode is asked, allows it, and both agents work for them", async () => {
    await up({ AAUTH_AUTHORIZATION_SCHEME: "user-delegated" });
    const { page } = await openPage(browser);
    await page.goto(urls.ui);
    await page.getByRole("button", { name: "Sign in with Keycloak" }).click();
    await fillLoginPage(page);
    await page.getByLabel("Custom prompt").fill("optimize laptop supply chain and perform market analysis");
    await page.getByRole("button", { name: "Run Custom Optimization" }).click();
    await consentPageOpen(page);
    await decideConsent(page, "Allow");
    await page.getByRole("heading", { name: "Optimization completed" }).waitFor(WAIT);
    await page
      .getByText(/for user/)
      .first()
      .waitFor(WAIT);
    await up();
  });
});

describe("a container that is killed", () => {
  /** Who answers late, so that the run is on its way when the other one dies. */
  const slow = (killed: string) =>
    killed === "market-analysis-agent" ? "supply-chain-agent" : "market-analysis-agent";

  test.each([
    "market-analysis-agent",
    "supply-chain-agent",
    "agentgateway",
    "gateway-authz",
    "keycloak",
    "jaeger",
    "ui",
  ])("%s, during a run: it ends in a clear state, and the next one works when it is back", async (name) => {
    const person = await user();
    await compose(["pause", slow(name)]);
    const running = person.run();
    await pause(RUN_UNDER_WAY_MS);
    await compose(["kill", name]);
    await compose(["unpause", slow(name)]);
    expectClearEnd(await running);
    await up();
    await expect.poll(nextRun, { timeout: 60_000, interval: 1000 }).toBe("completed");
  });

  test.each(["supply-chain-agent", "agentgateway", "gateway-authz"])(
    "%s, before a run: it fails and says where",
    async (name) => {
      const person = await user();
      await compose(["kill", name]);
      const run = await person.run();
      expect(run.status).toBe("failed");
      expectClearEnd(run);
      await up();
      await expect.poll(nextRun, { timeout: 60_000, interval: 1000 }).toBe("completed");
    },
  );

  test("backend: its runs are gone with it, and the next one works when it is back", async () => {
    const person = await user();
    await compose(["pause", "market-analysis-agent"]);
    const running = expect(person.run()).rejects.toThrow();
    await pause(RUN_UNDER_WAY_MS);
    await compose(["kill", "backend"]);
    await compose(["unpause", "market-analysis-agent"]);
    await running;
    await up();
    await expect.poll(nextRun, { timeout: 60_000, interval: 1000 }).toBe("completed");
  });
});

test("everything stops within 5 s", async () => {
  const startedAt = performance.now();
  await compose(["stop", "--timeout", "4"]);
  expect(performance.now() - startedAt).toBeLessThan(STOP_LIMIT_MS);
  await up();
});

function expectClearEnd({ status, failure }: Progress): void {
  if (status === "failed") {
    expect(failure).toMatchObject({
      hop: expect.any(String),
      code: expect.any(String),
      message: expect.any(String),
    });
  } else {
    expect(status).toBe("completed");
  }
}

/** How a run ends of somebody who signs in anew: an auth server that was started again may know no session. */
async function nextRun(): Promise<string> {
  const person = await user();
  return (await person.get("/auth/me")).ok ? (await person.run()).status : "not signed in";
}
