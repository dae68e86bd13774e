/** Our gateway and its check, with the files of the repository, before a resource of the suite. */

import { readFileSync } from "node:fs";
import {
  createGatewayBench,
  createTarget,
  createWorld,
  GATEWAY_CHECKS,
  listen,
  runChecks,
} from "aauth-conformance";
import { createLogger } from "agent-kit/service";
import { expect, onTestFinished, test } from "vitest";
import { startGateway } from "../../services/gateway/test/support/gateway-under-test.ts";
import { buildGatewayAuthz } from "../../services/gateway-authz/src/app.ts";
import { badOf } from "./targets/own-servers.ts";

const RESOURCE = "https://supply-chain-agent.localhost";
const portOf = (address: string) => new URL(address).port;

/** The check gets the first line of a field, as Agentgateway sends it; the resource gets all. */
const FIRST_LINES = ["GW-11.3.4-43", "GW-11.3.4-44"];

test("our gateway, strict, passes every check but for repeated fields", async () => {
  const world = createWorld("conformance.example");
  const listener = await listen(world);
  const upstream = await listen(world);
  const { app } = await buildGatewayAuthz(
    {
      profile: "draft-11",
      mode: "person-server",
      endpoints: Object.fromEntries(Object.values(world.parties).map(({ id }) => [id, listener.address])),
      resources: ["http://supply-chain-agent.localhost:3000"],
      draft11Resources: [RESOURCE],
      personServers: [world.parties.ps.id],
      authServerUrl: "http://localhost:8080",
      realm: "aauth-test",
      requestFrom: "aauth",
      publishedPeers: [],
      publishedHwk: false,
    },
    { logger: createLogger({ service: "gateway-authz", level: "silent" }) },
  );
  const authz = await app.listen({ host: "127.0.0.1", port: 0 });
  const text = readFileSync(new URL("../../agentgateway/config-draft-11.yaml", import.meta.url), "utf8");
  // A gateway that refuses what is not signed, where the demo's lets the resource ask.
  const strict = text
    .replaceAll(`x-aauth-mode: '"optional"'`, `x-aauth-mode: '"strict"'`)
    .replaceAll(/^( +- )tracestate$/gm, "$1tracestate\n$1x-conformance\n$1x-note");
  const gateway = await startGateway(strict, {
    env: {
      AAUTH_AUTHZ_HOST: `127.0.0.1:${portOf(authz)}`,
      SUPPLY_CHAIN_AGENT_ADDR: `127.0.0.1:${portOf(upstream.address)}`,
    },
  });
  onTestFinished(async () => {
    await gateway.close();
    await app.close();
    await listener.close();
    await upstream.close();
  });
  const target = createTarget({ map: new Map([[RESOURCE, gateway.url]]), ids: [] });
  const identity = ["x-aauth-claims"];
  const bench = await createGatewayBench({ target, world, id: RESOURCE, upstream, identity });
  const results = await runChecks(GATEWAY_CHECKS, bench);
  expect(badOf(results).map((line) => line.split(" ")[0])).toEqual(FIRST_LINES);
  expect(results.filter(({ verdict }) => verdict === "passed").length).toBeGreaterThan(80);
});
