import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { generateSigningKey, type SigningKey, toJwks } from "aauth";
import { residentMib } from "../../../scripts/demo/memory.ts";
import { portOpens } from "../../gateway/program.ts";
import { quantile } from "../../measure.ts";
import type { Flood } from "./discovery-flood.ts";

const FLOOD = fileURLToPath(new URL("./discovery-flood.ts", import.meta.url));

export interface AttackedProcess {
  readonly pid: number;
  stop(): Promise<void>;
}

/** A service of this repository as a process of its own, with a limit on file descriptors where one is given. */
export async function startService(
  script: URL,
  options: { port: number; args?: readonly string[]; env: Record<string, string>; descriptors?: number },
): Promise<AttackedProcess> {
  const { port, args = [], descriptors } = options;
  const command = [process.execPath, fileURLToPath(script), ...args];
  const limit = descriptors === undefined ? "" : `ulimit -n ${descriptors}; `;
  const child = spawn("sh", ["-c", `${limit}exec "$0" "$@"`, ...command], {
    env: { PATH: process.env.PATH, LOG_LEVEL: "error", OTEL_SDK_DISABLED: "true", ...options.env },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const stop = () => ended(child);
  try {
    await portOpens(port, () => child.exitCode === null);
  } catch (error) {
    await stop();
    throw error;
  }
  return { pid: child.pid as number, stop };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  const limit = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await gone;
  clearTimeout(limit);
}

/** Runs a flood and resolves with what became of its requests. */
export async function runFlood(flood: Flood): Promise<{ sent: number; counts: Record<string, number> }> {
  const child = spawn(process.execPath, [FLOOD, JSON.stringify(flood)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  await once(child, "close");
  return JSON.parse(output);
}

/** Open sockets of a process, those that it accepted included. */
export function socketsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).filter((descriptor) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${descriptor}`).startsWith("socket:");
    } catch {
      return false;
    }
  }).length;
}

/** Processor time of a process so far, milliseconds: unlike latencies, hardly changed by what else the machine does. */
export function processorMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

export interface Party {
  readonly port: number;
  readonly key: SigningKey;
  stop(): Promise<void>;
}

/** Serves the documents of every identity `http://*:port`, agent and resource, with one key; or nothing, where it is silent. */
export async function startParty(
  options: { silent?: boolean; keepAliveSeconds?: number } = {},
): Promise<Party> {
  const key = await generateSigningKey({ kid: "k1" });
  const answer: RequestListener = ({ url, headers }, response) => {
    if (options.silent) return;
    const id = `http://${headers.host}`;
    const documents: Record<string, object> = {
      "/.well-known/aauth-agent": { agent: id, jwks_uri: `${id}/jwks.json` },
      "/.well-known/aauth-resource": { resource: id, jwks_uri: `${id}/jwks.json` },
      "/jwks.json": toJwks([key]),
    };
    const document = documents[url ?? ""];
    if (options.keepAliveSeconds !== undefined) {
      response.setHeader("connection", "keep-alive");
      response.setHeader("keep-alive", `timeout=${options.keepAliveSeconds}`);
    }
    response.writeHead(document === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(document ?? {}));
  };
  const server = createServer({ keepAliveTimeout: 600_000 }, answer);
  server.listen(0, "127.0.0.1", 4096);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    key,
    async stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Latencies of honest calls. `statuses` counts what they were answered. */
export interface Honest {
  readonly latenciesMs: readonly number[];
  readonly statuses: Readonly<Record<string, number>>;
}

/** Calls again and again, a few at a time with a pause between, until the signal. */
export async function callHonestly(call: () => Promise<number>, until: AbortSignal): Promise<Honest> {
  const latenciesMs: number[] = [];
  const statuses: Record<string, number> = {};
  const caller = async () => {
    while (!until.aborted) {
      const startedAt = performance.now();
      const status = await call().catch((error: { code?: string }) => error.code ?? "failed");
      latenciesMs.push(performance.now() - startedAt);
      statuses[status] = (statuses[status] ?? 0) + 1;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  };
  await Promise.all(Array.from({ length: 4 }, caller));
  return { latenciesMs, statuses };
}

/** Honest calls for so long as `during` takes. */
export async function honestDuring<T>(call: () => Promise<number>, during: Promise<T>): Promise<[Honest, T]> {
  const end = new AbortController();
  const honest = callHonestly(call, end.signal);
  const result = await during.finally(() => end.abort());
  return [await honest, result];
}

export const seconds = (count: number) => new Promise<void>((resolve) => setTimeout(resolve, count * 1000));

export function printHonest(what: string, { latenciesMs, statuses }: Honest): void {
  const ms = (share: number) => quantile(latenciesMs, share).toFixed(1).padStart(8);
  console.log(
    `${what.padEnd(28)} p50 ${ms(0.5)} ms  p99 ${ms(0.99)} ms  ${latenciesMs.length} calls ${JSON.stringify(statuses)}`,
  );
}

export function printProcess(what: string, { pid }: AttackedProcess): void {
  console.log(
    `${what.padEnd(28)} ${socketsOf(pid)} sockets, ${(residentMib(pid) ?? 0).toFixed(0)} MiB resident`,
  );
}
