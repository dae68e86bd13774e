/**
 * `node bench/abuse/discovery-sockets.ts`: 3,200 requests without a valid signature name 3,200 hosts that answer discovery and keep their
 * connections open. Prints the sockets and memory of the auth server (limit: 3,000 file descriptors) and of `gateway-authz`, and what
 * honest calls wait before, during and after.
 *
 * @module
 */

import { signRequest } from "aauth";
import { issueResourceToken } from "aauth/issuer";
import { Pool } from "undici";
import { freePort } from "../../tests/support/free-ports.ts";
import { busyMachineLine, machineLine } from "../machine.ts";
import type { Flood } from "./support/discovery-flood.ts";
import {
  type AttackedProcess,
  honestDuring,
  type Party,
  printHonest,
  printProcess,
  runFlood,
  seconds,
  startParty,
  startService,
} from "./support/discovery-parties.ts";

const REQUESTS = 3_200;
const CONNECTIONS = 200;
const DESCRIPTORS = 3_000;
const AUTH_SERVER = new URL("../../services/auth-server/src/main.ts", import.meta.url);
const AUTHZ = new URL("../../services/gateway-authz/src/main.ts", import.meta.url);
const FORM = { "content-type": "application/x-www-form-urlencoded" };

interface Target {
  readonly name: string;
  readonly process: AttackedProcess;
  readonly origin: string;
  readonly path: string;
  /** Fields and body of a request that the party at `id` signs with its key. */
  sign(id: string, party: Party): Promise<{ headers: Record<string, string>; body: string }>;
}

async function authServer(): Promise<Target> {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const env = { AUTH_SERVER_URL: origin, AUTH_SERVER_PORT: String(port) };
  const issuer = `${origin}/realms/aauth-test`;
  const path = "/realms/aauth-test/protocol/aauth/agent/token";
  return {
    name: "auth server",
    process: await startService(AUTH_SERVER, { port, env, descriptors: DESCRIPTORS }),
    origin: `http://127.0.0.1:${port}`,
    path,
    async sign(id, { key }) {
      const resource_token = await issueResourceToken({
        key,
        resource: id,
        authServer: issuer,
        agent: id,
        agentJkt: key.thumbprint,
        scope: "supply-chain:optimize",
      });
      const body = new URLSearchParams({ request_type: "auth", resource_token }).toString();
      const request = { method: "POST", url: origin + path, headers: FORM, body: Buffer.from(body) };
      const { headers } = await signRequest(request, { key, signatureKey: { scheme: "jwks", id } });
      return { headers: { ...FORM, ...headers }, body };
    },
  };
}

async function authz(): Promise<Target> {
  const port = await freePort();
  const resource = "http://supply-chain-agent.localhost:3000";
  const env = { GATEWAY_AUTHZ_PORT: String(port), GATEWAY_AUTHZ_RESOURCES: resource };
  return {
    name: "gateway-authz",
    process: await startService(AUTHZ, { port, env }),
    origin: `http://127.0.0.1:${port}`,
    path: "/check",
    async sign(id, { key }) {
      const request = { method: "GET", url: `${resource}/` };
      const { headers } = await signRequest(request, { key, signatureKey: { scheme: "jwks", id } });
      return { headers: { "x-aauth-method": "GET", "x-aauth-uri": "/", ...headers }, body: "" };
    },
  };
}

async function attack(target: Target): Promise<void> {
  const { name, process: attacked, origin, path } = target;
  const [honest, hostile, other] = await Promise.all([
    startParty(),
    startParty({ keepAliveSeconds: 600 }),
    startParty(),
  ]);
  const pool = new Pool(origin, { connections: 4 });
  try {
    console.log(`\n${name}: ${REQUESTS} requests from ${CONNECTIONS} connections`);
    const call = async () => {
      const { headers, body } = await target.sign(`http://honest.localhost:${honest.port}`, honest);
      const answer = await pool.request({ method: "POST", path, headers, body });
      await answer.body.dump();
      return answer.statusCode;
    };
    const [before] = await honestDuring(call, seconds(5));
    printHonest("honest, before", before);
    printProcess("before", attacked);
    // Signed with another key than the hosts publish.
    const id = `http://placeholder.localhost:${hostile.port}`;
    const forged = await target.sign(id, other);
    const headers = Object.fromEntries(
      Object.entries(forged.headers).map(([field, value]) => [
        field,
        value.replaceAll("placeholder", "{NAME}"),
      ]),
    );
    const flood: Flood = {
      ...{ origin, path, headers, method: "POST", connections: CONNECTIONS, seconds: 60 },
      ...(forged.body && { body: forged.body }),
    };
    const [during, result] = await honestDuring(call, runFlood({ ...flood, requests: REQUESTS }));
    printHonest("honest, during", during);
    console.log(`the attack was answered      ${JSON.stringify(result.counts)}`);
    printProcess("at its end", attacked);
    const [after] = await honestDuring(call, seconds(6));
    printHonest("honest, the 6 s after", after);
    printProcess("6 s later", attacked);
    const plain: Flood = { ...flood, headers: {}, path: "/nothing-here", method: "GET", requests: REQUESTS };
    delete (plain as { body?: string }).body;
    const [beside] = await honestDuring(call, runFlood(plain));
    printHonest("honest, beside as many 404", beside);
  } finally {
    await pool.destroy();
    await attacked.stop();
    await Promise.all([honest, hostile, other].map((party) => party.stop()));
  }
}

console.log(machineLine());
const busy = busyMachineLine();
if (busy !== undefined) console.log(busy);
for (const start of [authServer, authz]) await attack(await start());
