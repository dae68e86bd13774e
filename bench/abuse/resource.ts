/**
 * `node bench/abuse/resource.ts [--target replay-memory|codes]`: one person's agent fills the
 * memory of used signatures of a resource of draft -11, or a browser guesses codes at the
 * resource's page. The honest caller is another person's agent, and with `codes` its person's
 * browser, which has the address of the attacker, as behind a proxy.
 *
 * @module
 */

import { request } from "undici";
import { freePort } from "../../scripts/demo/free-ports.ts";
import { startProgram } from "../program.ts";
import { choice, flood, showPhases } from "./support/phases.ts";
import { agentOf, newIssuerKey, send } from "./support/signed-requests.ts";

const CONNECTIONS = 20;
const target = choice("target", ["replay-memory", "codes"]);

const { jwk: issuer, publicJwk } = newIssuerKey();
const port = await freePort();
const args = [String(port), JSON.stringify(publicJwk)];
const resource = await startProgram(new URL("support/resource.ts", import.meta.url), { port, args });
const signed = await agentOf("honest", issuer);

async function orderOnce(): Promise<number> {
  const { headers, body } = await send(port, await signed("/orders"));
  await body.dump();
  const code = /code="([^"]+)"/.exec(String(headers["aauth-requirement"]))?.[1];
  const page = await request(`http://127.0.0.1:${port}/interaction?code=${code}`);
  await page.body.dump();
  return page.statusCode;
}

async function callOnce(): Promise<number> {
  const { statusCode, body } = await send(port, await signed("/"));
  await body.dump();
  return statusCode;
}

const to = { port, connections: CONNECTIONS };
const get = (path: string) => flood({ ...to, request: { method: "GET", path } });
await showPhases(
  { processes: [{ name: "resource", pid: resource.pid }] },
  {
    title: `${CONNECTIONS} connections, at ${target} of a resource`,
    service: "resource",
    honest: target === "codes" ? orderOnce : callOnce,
    attack:
      target === "codes"
        ? get("/interaction?code=ZZZZ-0000-{NAME}")
        : flood({ ...to, request: { as: "one-agent", issuer } }),
    plain: get("/nothing-here"),
    maxP99Ratio: 3,
    // Its own requests are remembered, too.
    pauseMs: 50,
  },
);
process.exit();
