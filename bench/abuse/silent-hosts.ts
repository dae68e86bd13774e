/**
 * `node bench/abuse/silent-hosts.ts`: 1,000 connections send the gateway requests that name hosts which accept a connection and never
 * answer. Prints what honest calls wait before, during and after, and beside as many connections whose requests end in 404.
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signRequest } from "aauth";
import { Pool } from "undici";
import { freePorts } from "../../tests/support/free-ports.ts";
import { resourceAt, writeGatewayFile } from "../gateway/gateway-program.ts";
import { busyMachineLine, machineLine } from "../machine.ts";
import type { Flood } from "./support/discovery-flood.ts";
import {
  honestDuring,
  printHonest,
  printProcess,
  processorMs,
  runFlood,
  seconds,
  startParty,
  startService,
} from "./support/discovery-parties.ts";

const CONNECTIONS = 1_000;
const FLOOD_SECONDS = 15;
const ORIGIN = new URL("../gateway/origin.ts", import.meta.url);
const GATEWAY = new URL("../../services/gateway/src/main.ts", import.meta.url);
const AUTHZ = new URL("../../services/gateway-authz/src/main.ts", import.meta.url);

console.log(machineLine());
const busy = busyMachineLine();
if (busy !== undefined) console.log(busy);

const stops: (() => unknown)[] = [];
try {
  const [originPort, authzPort, port] = (await freePorts(3)) as [number, number, number];
  const folder = mkdtempSync(join(tmpdir(), "silent-hosts-"));
  stops.push(() => rmSync(folder, { recursive: true, force: true }));
  const [honest, silent] = await Promise.all([startParty(), startParty({ silent: true })]);
  stops.push(honest.stop, silent.stop);
  const id = `http://honest.localhost:${honest.port}`;
  const origin = await startService(ORIGIN, { port: originPort, args: [String(originPort)], env: {} });
  stops.push(origin.stop);
  const authz = await startService(AUTHZ, {
    port: authzPort,
    env: { GATEWAY_AUTHZ_PORT: String(authzPort), GATEWAY_AUTHZ_RESOURCES: resourceAt(port) },
  });
  stops.push(authz.stop);
  const { file, env } = writeGatewayFile({
    ...{ port, originPort, traced: false, folder, name: "gateway" },
    check: { authzPort, agent: id },
  });
  const gateway = await startService(GATEWAY, { port, args: ["-f", file], env });
  stops.push(gateway.stop);
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 4 });
  stops.push(() => pool.destroy());

  const { host } = new URL(resourceAt(port));
  const signed = async (agent: string) => {
    const request = { method: "GET", url: `${resourceAt(port)}/` };
    const { headers } = await signRequest(request, {
      key: honest.key,
      signatureKey: { scheme: "jwks", id: agent },
    });
    return { host, ...headers };
  };
  const call = async () => {
    const answer = await pool.request({ method: "GET", path: "/", headers: await signed(id) });
    await answer.body.dump();
    return answer.statusCode;
  };
  const flood: Flood = {
    origin: `http://127.0.0.1:${port}`,
    path: "/",
    method: "GET",
    headers: { host: `elsewhere.localhost:${port}` },
    connections: CONNECTIONS,
    seconds: FLOOD_SECONDS,
  };
  const during = async (what: string, options: Partial<Flood>) => {
    const used = () => processorMs(gateway.pid) + processorMs(authz.pid);
    const before = used();
    const [calls, { counts, sent }] = await honestDuring(call, runFlood({ ...flood, ...options }));
    const each = ((used() - before) / sent).toFixed(2);
    printHonest(what, calls);
    console.log(
      `  the flood was answered ${JSON.stringify(counts)}; ${each} ms of processor time for each, honest calls included`,
    );
    printProcess("  gateway", gateway);
    printProcess("  gateway-authz", authz);
  };
  const naming = async (name: string) => {
    const headers = await signed(`http://placeholder.localhost:${silent.port}`);
    return {
      ...headers,
      "signature-key": (headers as Record<string, string>)["signature-key"]!.replace("placeholder", name),
    };
  };

  await honestDuring(call, seconds(3));
  const [before] = await honestDuring(call, seconds(5));
  printHonest("honest, before", before);
  await during("beside as many 404", {});
  await during("a silent host each", { headers: await naming("{NAME}") });
  await during("ten silent hosts", { headers: await naming("{NAME}"), names: 10 });
  const [after] = await honestDuring(call, seconds(5));
  printHonest("honest, after", after);
} finally {
  for (const stop of stops.reverse()) await stop();
}
