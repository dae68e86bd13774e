import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger } from "agent-kit/service";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { CLAIMS_HEADER } from "../../../packages/gateway-check/src/claims.ts";
import { freePort } from "../../../scripts/demo/free-ports.ts";
import { findExecutable } from "../../../scripts/find-executable.ts";
import { spawnGuarded } from "../../../scripts/spawn-guarded.ts";
import type { FakeServer } from "../../../services/gateway/test/support/fake-agent.ts";
import { send } from "../../../services/gateway/test/support/http-client.ts";
import { buildGatewayAuthz } from "../../../services/gateway-authz/src/app.ts";
import { refusalCode } from "../../support/refusal-code.ts";
import { startEnforcingAgent } from "./enforcing-agent.ts";
import { expectationFor } from "./expectation.ts";
import { createIdentities } from "./identities.ts";

const REQUESTS = [
  { method: "POST", target: "/", body: '{"a":1}' },
  { method: "GET", target: "/a%2Fb/../c?x=%20&y", body: undefined },
  { method: "GET", target: "//a;b=1", body: undefined },
  { method: "GET", target: "/jwks.json", body: undefined },
  { method: "POST", target: "/jwks.json", body: "{}" },
  { method: "GET", target: "/.well-known/aauth-agent/more", body: undefined },
];
type Request = (typeof REQUESTS)[number];
const post = REQUESTS[0]!;

/** A gateway of docs/reference/gateways.md, with its file. */
export interface DocumentedGateway {
  /** Heading on the page and of the tests. */
  readonly name: string;
  /** Looked up on the PATH; without it the tests are skipped. */
  readonly program: string;
  /** Arguments, with the page's file and the ports of this run. */
  readonly args: (file: string, port: number, folder: string) => readonly string[];
  /** Completes the file if the page shows a part of it. */
  readonly around?: (shown: string, folder: string) => string;
  readonly requestFrom: "aauth" | "path" | "forwarded";
  /** Status that a caller gets while gateway-authz does not answer. */
  readonly statusWithoutCheck: number;
  /** Whether it passes on status and headers of a refusal with its own page. */
  readonly hasOwnPages?: true;
  /** Tests of this gateway alone. */
  readonly more?: (running: RunningGateway) => void;
}

/** The running gateway, for the requests of its tests. */
export interface RunningGateway {
  readonly port: number;
  readonly discovery: Awaited<ReturnType<typeof createIdentities>>["discovery"];
  /** A signed `POST /` by the identity of that name. */
  callAs(name: string): ReturnType<typeof send>;
}

/**
 * Tests a documented gateway, in front of services/gateway-authz and an agent, against the requests
 * and answers of the contract.
 */
export async function describeGateway({
  name,
  program,
  args,
  around = (shown) => shown,
  requestFrom,
  statusWithoutCheck,
  hasOwnPages,
  more,
}: DocumentedGateway): Promise<void> {
  const executable = findExecutable(program, process.env);
  const port = await freePort();
  const host = `supply-chain-agent.localhost:${port}`;
  const resource = `http://${host}`;
  const { identities, discovery } = await createIdentities();
  const called = (wanted: string) => identities.find((identity) => identity.name === wanted)!;
  const call = ({ method, target, body }: Request, headers: Record<string, string>) =>
    send({ port, host, method, path: target, headers, ...(body !== undefined && { body }) });

  describe.skipIf(executable === undefined)(name, () => {
    const folder = mkdtempSync(join(tmpdir(), `${program}-contract-`));
    let authz: Awaited<ReturnType<typeof buildGatewayAuthz>>["app"];
    let agent: FakeServer;
    let child: ChildProcess;

    beforeAll(async () => {
      ({ app: authz } = await buildGatewayAuthz(
        {
          resources: [resource],
          authServerUrl: "http://localhost:8080",
          realm: "aauth-test",
          requestFrom,
          publishedPeers: [],
          publishedHwk: false,
        },
        {
          logger: createLogger({ service: "gateway-authz", level: "silent" }),
          discovery: { "february-2026": discovery },
        },
      ));
      await authz.listen({ host: "127.0.0.1", port: 0 });
      agent = await startEnforcingAgent(resource, discovery);
      const file = join(folder, "gateway.yaml");
      const ports = { 3000: port, 7070: (authz.server.address() as AddressInfo).port, 9999: agent.port };
      writeFileSync(file, around(shownFile(name, ports), folder));
      child = spawnGuarded(executable!, args(file, port, folder), { stdio: ["ignore", "ignore", "inherit"] });
      // Waits until a route exists, because an early answer may be the gateway's own 404.
      await vi.waitFor(async () => expect((await send({ port, host, path: "/health" })).status).toBe(200), {
        timeout: 20_000,
      });
    }, 30_000);
    afterAll(async () => {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
      await Promise.all([authz.close(), agent.close()]);
      rmSync(folder, { recursive: true });
    });

    test.each(
      REQUESTS.flatMap((request) =>
        identities.map(
          (identity) =>
            [`${request.method} ${request.target} by ${identity.name}`, request, identity] as const,
        ),
      ),
    )("%s", async (_name, request, identity) => {
      const before = agent.seen.length;
      const { status, headers, body } = await call(
        request,
        await identity.headersFor({ ...request, resource, body: request.body }),
      );
      const expected = expectationFor("config.yaml", "supply-chain-agent", request, identity);
      const refused = expected.reaches === "gateway";
      expect({
        status,
        agentAuth: headers["agent-auth"],
        code: refusalCode(headers),
        reached: agent.seen.length - before,
      }).toEqual({
        status: refused ? expected.status : 200,
        agentAuth: refused ? expected.agentAuth : undefined,
        code: refused ? expected.code : undefined,
        reached: refused ? 0 : 1,
      });
      if (!refused)
        expect(agent.seen.at(-1)).toMatchObject({ url: request.target, body: request.body ?? "" });
      else if (!hasOwnPages) expect(body).toMatch(expected.body);
    });

    test.each([
      ["x-aauth-mode", "permissive"],
      ["x-aauth-required-scheme", "hwk"],
      ["x-aauth-authority", "other.localhost:3000"],
      ["x-aauth-profiles", "draft-11"],
      ["x-aauth-profiles", "february-2026 draft-11"],
      ["x-aauth-required-level", "nonsense"],
      ["x-aauth-method", "GET"],
      ["x-aauth-uri", "/health"],
      ["x-forwarded-method", "GET"],
      ["x-forwarded-uri", "/health"],
      ["x-forwarded-host", "other.localhost:3000"],
      ["x-original-uri", "/health"],
      ["x-envoy-original-path", "/health"],
      ["x-http-method-override", "GET"],
    ])(`a caller cannot speak for ${name}: %s`, async (field, value) => {
      const headers = await called("hwk").headersFor({ ...post, resource });
      const response = await call(post, { ...headers, [field]: value });
      expect([response.status, response.headers["agent-auth"]]).toEqual([401, "httpsig; identity=?1"]);
    });

    test("A19: a caller's own claims do not reach the agent", async () => {
      const headers = await called("the backend").headersFor({ ...post, resource });
      expect((await call(post, { ...headers, [CLAIMS_HEADER]: '{"agent":"x"}' })).status).toBe(200);
      expect(agent.seen.at(-1)!.headers[CLAIMS_HEADER]).toBeUndefined();
    });

    test("what has been let through once is not again", async () => {
      const headers = await called("the backend").headersFor({ ...post, resource });
      expect((await call(post, headers)).status).toBe(200);
      expect(refusalCode((await call(post, headers)).headers)).toBe("nonce_replayed");
    });

    more?.({
      port,
      discovery,
      callAs: async (wanted) => call(post, await called(wanted).headersFor({ ...post, resource })),
    });

    test("another host is not served", async () => {
      expect((await send({ port, host: "other.localhost" })).status).toBe(404);
    });

    test("a check that does not answer lets nothing through", async () => {
      const before = agent.seen.length;
      await authz.close();
      expect((await call(post, {})).status).toBe(statusWithoutCheck);
      expect(agent.seen.length).toBe(before);
    });
  });
}

/** The first file below a heading of the page, with the ports of this run. */
export function shownFile(heading: string, ports: Readonly<Record<string, number>> = {}): string {
  const page = readFileSync(new URL("../../../docs/reference/gateways.md", import.meta.url), "utf8");
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`))!;
  const shown = /^```(?:yaml|nginx)\n([\s\S]*?)^```/m.exec(section)![1]!;
  return shown.replace(
    /(:|port_value: )(3000|7070|9999)\b/g,
    (_, before: string, port: string) => `${before}${ports[port] ?? port}`,
  );
}
