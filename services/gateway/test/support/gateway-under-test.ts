import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawnGuarded } from "../../../../scripts/spawn-guarded.ts";
import { freePorts } from "../../../../tests/support/free-ports.ts";
import { buildGateway } from "../../src/app.ts";
import type { GatewaySpan } from "../../src/telemetry.ts";

/** Set to an agentgateway executable to run the HTTP-level tests against the real gateway. */
const BINARY = process.env.AGENTGATEWAY_BIN || undefined;
export const isRealGateway = BINARY !== undefined;

/** A gateway that answers on loopback, embedded or real. */
export interface GatewayUnderTest {
  readonly port: number;
  readonly url: string;
  readonly adminUrl: string;
  readonly statsUrl: string;
  readonly readinessUrl: string;
  /** Access-log lines and messages so far. */
  readonly lines: readonly string[];
  /** Embedded only. */
  readonly spans: readonly GatewaySpan[];
  reload(document: GatewayFile): Promise<void>;
  close(): Promise<void>;
}

/** An Agentgateway file as data; its first bind's port is filled in. JSON is YAML. */
export type GatewayFile = {
  readonly config?: object;
  readonly binds: readonly [{ readonly listeners: readonly object[] }];
};

/** Limits that keep a test of them short. */
export type TestLimits = Partial<Parameters<typeof buildGateway>[0]>;

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
    nowMs?: () => number;
    /** Send spans by OTLP, instead of keeping them. */
    isExporting?: boolean;
    /** Embedded only: takes an access-log line before it is kept. */
    onLine?: (line: string) => void;
  } = {},
): Promise<GatewayUnderTest> {
  return BINARY === undefined ? startEmbedded(file, options) : startBinary(BINARY, file, options);
}

/** `extAuthz.protocol.http` as the repository's files have it. */
export const CHECK = {
  path: '"/check"',
  addRequestHeaders: {
    ":method": '"POST"',
    "x-aauth-method": "request.method",
    "x-aauth-uri": "request.uri",
    "x-aauth-authority": '"agent.localhost:3000"',
  },
};

/** A file with one listener for any host and one route. */
export function oneRoute(
  backend: string,
  policies: object = {},
  more: { config?: object; route?: object; listener?: object } = {},
): GatewayFile {
  return {
    ...(more.config && { config: more.config }),
    binds: [
      {
        listeners: [
          {
            name: "main",
            ...more.listener,
            routes: [{ name: "agent", policies, backends: [{ host: backend }], ...more.route }],
          },
        ],
      },
    ],
  };
}

function textOf(file: GatewayFile | string, port: number): string {
  if (typeof file === "string") return file;
  const [first, ...rest] = file.binds;
  return JSON.stringify({ ...file, binds: [{ port, ...first }, ...rest] }, undefined, 1);
}

async function startEmbedded(
  file: GatewayFile | string,
  options: Parameters<typeof startGateway>[1] = {},
): Promise<GatewayUnderTest> {
  const lines: string[] = [];
  const spans: GatewaySpan[] = [];
  const note = (fields: object, message: string) => lines.push(`${message} ${JSON.stringify(fields)}`);
  const gateway = await buildGateway(
    {
      host: "127.0.0.1",
      adminAddress: "127.0.0.1:0",
      statsAddress: "127.0.0.1:0",
      readinessAddress: "127.0.0.1:0",
      otlpEndpoint: undefined,
      otlpProtocol: undefined,
      tracesDisabled: false,
      traceServiceName: "agentgateway",
      logFormat: undefined,
      maxBodyBytes: 2_097_152,
      maxHeldBodyBytes: 67_108_864,
      maxConnections: 2048,
      maxUpstreamRequests: 1024,
      maxHeaderBytes: 65_536,
      requestReadTimeoutMs: 30_000,
      upstreamHeadersTimeoutMs: 300_000,
      idleTimeoutMs: 300_000,
      ...options.limits,
    },
    { source: "test.yaml", text: textOf(file, 0) },
    {
      env: { GATEWAY_PORT: "0", ...options.env },
      logger: { info: (message) => void lines.push(message), warn: note, error: note },
      accessLog: (line) => {
        options.onLine?.(line);
        lines.push(line);
      },
      ...(!options.isExporting && { telemetry: { exportSpan: (span) => void spans.push(span) } }),
      ...(options.nowMs && { nowMs: options.nowMs }),
    },
  );
  const url = gateway.urls[0]!;
  return {
    port: Number(new URL(url).port),
    url,
    adminUrl: gateway.adminUrl,
    statsUrl: gateway.statsUrl,
    readinessUrl: gateway.readinessUrl,
    lines,
    spans,
    reload: (document) => gateway.reload(textOf(document, 0)),
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
    adminUrl: `http://127.0.0.1:${admin}`,
    statsUrl: `http://127.0.0.1:${stats}`,
    readinessUrl,
    lines,
    spans: [],
    reload: async (document) => writeFileSync(path, textOf(document, port)),
    close,
  };
}
