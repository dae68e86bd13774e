import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { freePorts } from "../../../../scripts/demo/free-ports.ts";
import { spawnGuarded } from "../../../../scripts/spawn-guarded.ts";
import { buildGateway } from "../../src/app.ts";
import type { LIMITS } from "../../src/config.ts";
import { loadConfiguration } from "../../src/configuration/load-configuration.ts";

/** Set to an agentgateway executable to run the HTTP-level tests against the real gateway. */
const BINARY = process.env.AGENTGATEWAY_BIN || undefined;
export const isRealGateway = BINARY !== undefined;

/** A gateway that answers on loopback, embedded or real. */
export interface GatewayUnderTest {
  readonly port: number;
  readonly url: string;
  /** Access-log lines and messages so far. */
  readonly lines: readonly string[];
  /** Embedded only. */
  readonly spans: readonly ReadableSpan[];
  /** Embedded only. */
  heldBodyBytes(): number;
  reload(document: GatewayFile): Promise<void>;
  close(): Promise<void>;
}

/** An Agentgateway file as data, in which the first bind's port is set. JSON is YAML. */
export type GatewayFile = {
  readonly config?: object;
  readonly binds: readonly [{ readonly listeners: readonly object[] }];
};

/** Small limits, so that tests of them are short. */
export type TestLimits = Partial<typeof LIMITS>;

/**
 * Starts the gateway on free ports.
 *
 * @param file a document, or the YAML text of a file that takes its port from GATEWAY_PORT
 */
export async function startGateway(
  file: GatewayFile | string,
  options: {
    limits?: TestLimits;
    env?: Record<string, string>;
    /** Embedded only. */
    logFormat?: "text" | "json";
    /** Embedded only: receives an access-log line before it is stored. */
    onLine?: (line: string) => void;
  } = {},
): Promise<GatewayUnderTest> {
  return BINARY === undefined ? startEmbedded(file, options) : startBinary(BINARY, file, options);
}

/** `extAuthz.protocol.http` of the repository's files. */
export const CHECK = {
  path: '"/check"',
  addRequestHeaders: {
    ":method": '"POST"',
    "x-aauth-method": "request.method",
    "x-aauth-uri": "request.uri",
    "x-aauth-authority": '"agent.localhost:3000"',
  },
};

/** An `extAuthz` policy like that of the repository's files. */
export function extAuthz(host: string, http: object = {}, more: object = {}): object {
  return { host, failureMode: { denyWithStatus: 503 }, protocol: { http: { ...CHECK, ...http } }, ...more };
}

/** A file with one listener for any host. */
export function oneRoute(backend: string, policies: object = {}, config?: object): GatewayFile {
  const listeners = [listener("main", backend, policies)];
  return { ...(config && { config }), binds: [{ listeners }] };
}

/** A listener, for a host name or for any, with its route. */
export function listener(name: string, backend: string, policies: object = {}, hostname?: string): object {
  const routes = [{ name: "agent", policies, backends: [{ host: backend }] }];
  return { name, ...(hostname && { hostname }), routes };
}

function textOf(file: GatewayFile | string, port: number): string {
  if (typeof file === "string") return file;
  return JSON.stringify({ ...file, binds: [{ port, ...file.binds[0] }] }, undefined, 1);
}

async function startEmbedded(
  file: GatewayFile | string,
  options: Parameters<typeof startGateway>[1] = {},
): Promise<GatewayUnderTest> {
  const lines: string[] = [];
  const exporter = new InMemorySpanExporter();
  const note = (fields: object, message: string) => lines.push(`${message} ${JSON.stringify(fields)}`);
  const env = { GATEWAY_PORT: "0", ...options.env };
  const load = (text: string) => loadConfiguration({ text, source: "test.yaml", env });
  const configuration = load(textOf(file, 0));
  const { tracing } = configuration.config;
  const gateway = await buildGateway(
    { host: "127.0.0.1", logFormat: options.logFormat ?? "text" },
    configuration,
    {
      logger: { warn: note, error: note },
      ...(options.limits && { limits: options.limits }),
      accessLog: (line) => {
        options.onLine?.(line);
        lines.push(line);
      },
      // As in main.ts.
      ...(tracing && {
        tracerProvider: new TracerProvider({
          spanProcessors: [new SimpleSpanProcessor({ exporter })],
        }),
      }),
    },
  );
  const { url } = gateway;
  return {
    port: Number(new URL(url).port),
    url,
    lines,
    heldBodyBytes: () => gateway.heldBodyBytes,
    get spans() {
      return exporter.getFinishedSpans();
    },
    reload: async (document) => gateway.reload(load(textOf(document, 0))),
    close: () => gateway.close(),
  };
}

async function startBinary(
  binary: string,
  file: GatewayFile | string,
  options: Parameters<typeof startGateway>[1] = {},
): Promise<GatewayUnderTest> {
  const [free, admin, stats, readiness] = await freePorts(4);
  const port = Number(options.env?.GATEWAY_PORT ?? free);
  const folder = mkdtempSync(join(tmpdir(), "gateway-under-test-"));
  const path = join(folder, "config.yaml");
  writeFileSync(path, textOf(file, port));
  const lines: string[] = [];
  const child = spawnGuarded(binary, ["-f", path], {
    env: {
      ...process.env,
      GATEWAY_PORT: String(port),
      ADMIN_ADDR: `127.0.0.1:${admin}`,
      STATS_ADDR: `127.0.0.1:${stats}`,
      READINESS_ADDR: `127.0.0.1:${readiness}`,
      ...options.env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [child.stdout!, child.stderr!]) {
    stream
      .setEncoding("utf8")
      .on("data", (text: string) => void lines.push(...text.split("\n").filter(Boolean)));
  }
  const close = async () => {
    const exited = new Promise((resolve) => child.once("exit", resolve));
    if (child.exitCode === null) {
      child.kill("SIGTERM");
      await exited;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  const readinessUrl = `http://127.0.0.1:${readiness}`;
  for (let attempt = 0; ; attempt++) {
    const ready = await fetch(`${readinessUrl}/healthz/ready`).then(
      (response) => response.ok,
      () => false,
    );
    if (ready) break;
    if (attempt > 100 || child.exitCode !== null) {
      await close();
      throw new Error(`${binary} did not become ready:\n${lines.join("\n")}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    lines,
    heldBodyBytes: () => Number.NaN,
    spans: [],
    reload: async (document) => writeFileSync(path, textOf(document, port)),
    close,
  };
}
