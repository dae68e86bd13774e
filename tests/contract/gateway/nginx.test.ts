/**
 * The nginx configuration of docs/reference/gateways.md, as it stands there, in front of services/gateway-authz and an agent. Needs
 * nginx on the PATH.
 */

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AAuthVerificationError } from "aauth";
import { createLogger } from "agent-kit/service";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { CLAIMS_HEADER } from "../../../packages/gateway-check/src/claims.ts";
import { findExecutable } from "../../../scripts/find-executable.ts";
import { spawnGuarded } from "../../../scripts/spawn-guarded.ts";
import type { FakeServer } from "../../../services/gateway/test/support/fake-agent.ts";
import { send } from "../../../services/gateway/test/support/http-client.ts";
import { buildGatewayAuthz } from "../../../services/gateway-authz/src/app.ts";
import { freePort } from "../../support/free-ports.ts";
import { refusalCode } from "../../support/refusal-code.ts";
import { startEnforcingAgent } from "./enforcing-agent.ts";
import { expectationFor } from "./expectation.ts";
import { createIdentities } from "./identities.ts";

const nginx = findExecutable("nginx", process.env);
const port = await freePort();
const host = `supply-chain-agent.localhost:${port}`;
const resource = `http://${host}`;
const { identities, discovery } = await createIdentities();
const hwk = identities.find(({ name }) => name === "hwk")!;

const REQUESTS = [
  { method: "POST", target: "/", body: '{"a":1}' },
  { method: "GET", target: "/a%2Fb/../c?x=%20&y", body: undefined },
  { method: "GET", target: "/jwks.json", body: undefined },
  { method: "POST", target: "/jwks.json", body: "{}" },
  { method: "GET", target: "/.well-known/aauth-agent/more", body: undefined },
];
type Request = (typeof REQUESTS)[number];
const post = REQUESTS[0]!;

describe.skipIf(nginx === undefined)("nginx", () => {
  const folder = mkdtempSync(join(tmpdir(), "nginx-contract-"));
  let authz: Awaited<ReturnType<typeof buildGatewayAuthz>>["app"];
  let agent: FakeServer;
  let child: ChildProcess;

  beforeAll(async () => {
    ({ app: authz } = await buildGatewayAuthz(
      {
        resources: [resource],
        authServerUrl: "http://localhost:8080",
        realm: "aauth-test",
        requestFrom: "aauth",
        bodyCoverage: "required",
      },
      { logger: createLogger({ service: "gateway-authz", level: "silent" }), discovery },
    ));
    await authz.listen({ host: "127.0.0.1", port: 0 });
    agent = await startEnforcingAgent(resource, discovery);
    const file = join(folder, "nginx.conf");
    writeFileSync(file, configuration((authz.server.address() as AddressInfo).port, agent.port));
    child = spawnGuarded(nginx!, ["-c", file, "-p", folder, "-e", join(folder, "error.log")], {
      stdio: "ignore",
    });
    await vi.waitFor(() => send({ port, host, path: "/health" }), { timeout: 10_000 });
  });
  afterAll(async () => {
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
    await Promise.all([authz.close(), agent.close()]);
    rmSync(folder, { recursive: true });
  });

  /** The page's server, with the ports and the folders of this run. */
  function configuration(authzPort: number, agentPort: number): string {
    const page = readFileSync(new URL("../../../docs/reference/gateways.md", import.meta.url), "utf8");
    const shown = /^```nginx\n([\s\S]*?)^```/m.exec(page)![1]!;
    const ports: Record<string, number> = { 3000: port, 7070: authzPort, 9999: agentPort };
    const servers = shown.replace(/:(3000|7070|9999)\b/g, (_, shownPort: string) => `:${ports[shownPort]}`);
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (name) => `${name}_temp_path ${join(folder, name)};`,
    );
    return `daemon off;
pid ${join(folder, "nginx.pid")};
events {}
http {
  access_log off;
  ${temporary.join("\n  ")}
${servers}
}`;
  }

  const call = ({ method, target, body }: Request, headers: Record<string, string>) =>
    send({ port, host, method, path: target, headers, ...(body !== undefined && { body }) });

  test.each(
    REQUESTS.flatMap((request) =>
      identities.map(
        (identity) => [`${request.method} ${request.target} by ${identity.name}`, request, identity] as const,
      ),
    ),
  )("%s", async (_name, request, identity) => {
    const before = agent.seen.length;
    const { status, headers } = await call(
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
  });

  test("a status of the check that nginx makes a 500 of keeps its code", async () => {
    const busy = new AAuthVerificationError("discovery_busy", "try again");
    const spy = vi.spyOn(discovery, "key").mockRejectedValue(busy);
    const backend = identities.find(({ name }) => name === "the backend")!;
    const { status, headers } = await call(post, await backend.headersFor({ ...post, resource }));
    spy.mockRestore();
    expect([status, refusalCode(headers)]).toEqual([500, "discovery_busy"]);
  });

  test.each([
    ["x-aauth-mode", "permissive"],
    ["x-aauth-required-scheme", "hwk"],
    ["x-aauth-authority", "other.localhost:3000"],
    ["x-aauth-method", "GET"],
    ["x-aauth-uri", "/health"],
    ["x-original-uri", "/health"],
  ])("a caller cannot speak for nginx: %s", async (name, value) => {
    const headers = await hwk.headersFor({ ...post, resource });
    const response = await call(post, { ...headers, [name]: value });
    expect([response.status, response.headers["agent-auth"]]).toEqual([401, "httpsig; identity=?1"]);
  });

  test("A19: a caller's own word on who it is does not reach the agent", async () => {
    const headers = await identities
      .find(({ name }) => name === "the backend")!
      .headersFor({ ...post, resource });
    expect((await call(post, { ...headers, [CLAIMS_HEADER]: '{"agent":"x"}' })).status).toBe(200);
    expect(agent.seen.at(-1)!.headers[CLAIMS_HEADER]).toBeUndefined();
  });

  test("the check cannot be called from outside, and another host is not served", async () => {
    expect((await send({ port, host, path: "/_aauth" })).status).toBe(404);
    expect((await send({ port, host: "other.localhost" })).status).toBe(404);
  });

  test("a check that does not answer lets nothing through", async () => {
    const before = agent.seen.length;
    await authz.close();
    expect((await call(post, {})).status).toBe(500);
    expect(agent.seen.length).toBe(before);
  });
});
