import { createLogger } from "agent-kit/service";
import { loadConfig } from "agent-kit/settings";
import { afterAll, beforeAll, expect, it } from "vitest";
import { buildBackend } from "../src/app.ts";
import { settings } from "../src/config.ts";
import { closedAddress } from "./scripted-stack.ts";

const PAGE = "http://localhost:3050/";
const RUN = "6c669c73-8b8b-4b9b-a5ad-e92ce0afc854";

async function build(env: Record<string, string> = {}) {
  const config = loadConfig({
    service: "test",
    settings,
    argv: [],
    env: {
      AAUTH_PROFILE: "draft-11",
      BACKEND_AGENT_URL: "https://backend.localhost",
      SUPPLY_CHAIN_AGENT_URL: "https://supply-chain-agent.localhost",
      AAUTH_ENDPOINTS: "https://backend.localhost=http://127.0.0.1:8000,http://localhost:8000",
      KEYCLOAK_URL: await closedAddress(),
      ...env,
    },
  });
  const logger = createLogger({ service: "t", destination: { write: () => {} } });
  return (await buildBackend(config, { logger })).app;
}

let app: Awaited<ReturnType<typeof build>>;
beforeAll(async () => {
  app = await build();
});
afterAll(() => app.close());

it("publishes itself as its own agent provider, with keys of draft -11", async () => {
  expect((await app.inject("/.well-known/aauth-agent.json")).json()).toEqual({
    issuer: "https://backend.localhost",
    jwks_uri: "https://backend.localhost/jwks.json",
    name: "AcmeCorp Supply Chain",
    callback_endpoint: "https://backend.localhost/auth/aauth/return",
    localhost_callback_allowed: true,
  });
  expect((await app.inject("/.well-known/aauth-agent")).statusCode).toBe(404);
  expect((await app.inject("/jwks.json")).json().keys).toMatchObject([{ alg: "Ed25519" }]);
});

it("allows callbacks on loopback only where it is there itself", async () => {
  const elsewhere = await build({ AAUTH_ENDPOINTS: "" });
  const document = (await elsewhere.inject("/.well-known/aauth-agent.json")).json();
  expect(document.localhost_callback_allowed).toBe(false);
  await elsewhere.close();
});

it.each(["BACKEND_AGENT_URL", "SUPPLY_CHAIN_AGENT_URL"])("does not start with a port in %s", async (name) => {
  await expect(build({ [name]: "https://somewhere.localhost:3000" })).rejects.toThrow(name);
});

it.each(["", `?request_id=${RUN}`, `?request_id=${RUN}&state=${"A".repeat(43)}`, "?error=a&error=b"])(
  "sends a browser that does not come back from a run's page to the bare page: %s",
  async (query) => {
    const { statusCode, headers } = await app.inject(`/auth/aauth/return${query}`);
    expect([statusCode, headers["cache-control"], headers.location]).toEqual([302, "no-store", PAGE]);
  },
);

it("allows tampering with its runs in demo mode only", async () => {
  const request = { method: "POST", url: `/optimization/${RUN}/break-it/stale` } as const;
  expect((await app.inject(request)).statusCode).toBe(404);
  const demo = await build({ AAUTH_BREAK_IT: "true" });
  expect((await demo.inject(request)).statusCode).not.toBe(404);
  await demo.close();
});
