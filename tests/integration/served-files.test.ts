/** Files of the machine that the demo's servers serve: those of the page, and no others. */

import { readFileSync } from "node:fs";
import { mkdtemp, symlink } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../../scripts/demo/free-ports.ts";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { startChild } from "../support/child.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

/** Folder of the page's sources, where relative paths begin. */
const UI = join(REPOSITORY_ROOT, "ui");
const FOREIGN_ORIGIN = "http://evil.localhost:4321";

let stack: TestStack;
let credential: string;
let secret: string;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "served-files-"));
  stack = await startStack({ modes: { ui: true, delegate: true } });
  credential = join(REPOSITORY_ROOT, `.data/delegate-agent-${stack.ports.delegateAgent}/credential.json`);
  secret = (JSON.parse(readFileSync(credential, "utf8")) as { jwk: { d: string } }).jwk.d;
  await symlink(credential, join(folder, "link.json"));
  linked = join(folder, "link.json");
});
afterAll(() => stack?.stop());

let linked: string;

/** The path itself, and every encoding that a server may decode to it. */
function addressesOf(file: string): string[] {
  const fromPage = relative(UI, file);
  const encodedDots = fromPage.replaceAll("..", "%2e%2e");
  const plain = [
    `/@fs${file}`,
    `/@fs${UI}/${fromPage}`,
    `/@fs${file.replaceAll("/", "%2f")}`,
    `/%40fs${file}`,
    `/@id/__x00__${file}`,
    file,
    `/${fromPage}`,
    `/${encodedDots}`,
    `/${encodedDots.replaceAll("/", "%2f")}`,
    `/${fromPage.replaceAll("..", "%252e%252e")}`,
    `/${fromPage.replaceAll("/", "\\")}`,
    `/assets/${fromPage}`,
    `/${relative(REPOSITORY_ROOT, file)}`,
  ];
  const queries = ["", "?raw", "?import", "?url", "?.svg?.wasm?init"];
  return plain.flatMap((path) => queries.map((query) => `${path}${query}`));
}

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

/** Sends the path unchanged, because `fetch` would normalize it. */
function ask(origin: string, path: string): Promise<Answer> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const headers = { host: `localhost:${port}`, origin: FOREIGN_ORIGIN };
    const asked = request({ host: hostname, port, path, headers }, (reply) => {
      let body = "";
      reply.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
      });
      reply.on("end", () => resolve({ status: reply.statusCode!, headers: reply.headers, body }));
      reply.on("error", reject);
    });
    asked.on("error", reject).end();
  });
}

/** Addresses that return the key, whole or as a data URL. */
async function leaksOf(origin: string, addresses: readonly string[]): Promise<string[]> {
  const inBase64 = readFileSync(credential).toString("base64").slice(0, 40);
  const leaks: string[] = [];
  for (const path of addresses) {
    const { body } = await ask(origin, path);
    if (body.includes(secret) || body.includes(inBase64)) leaks.push(path);
  }
  return leaks;
}

const allAddresses = () => [credential, linked].flatMap(addressesOf);

describe("the demo's page", () => {
  test("A1: the delegate's credential has no address", async () => {
    expect(secret).toHaveLength(43);
    expect(await leaksOf(stack.urls.ui, allAddresses())).toEqual([]);
  });

  test("A1: no other origin may read it, and it names no folder of the machine", async () => {
    const page = await ask(stack.urls.ui, "/");
    const assets = [...page.body.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path!);
    expect(assets.length).toBeGreaterThan(2);
    for (const path of ["/", "/config.json", "/@vite/client", "/@fs/", "/missing", ...assets]) {
      const { headers, body } = await ask(stack.urls.ui, path);
      expect(headers).not.toHaveProperty("access-control-allow-origin");
      expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(body).not.toContain(REPOSITORY_ROOT);
    }
  });

  test("A1: no other server of the demo serves it", async () => {
    const { backend, authServer, gateway, traces } = stack.urls;
    const delegate = `http://127.0.0.1:${stack.ports.delegateAgent}`;
    for (const origin of [backend, authServer, gateway, traces, delegate])
      expect([origin, await leaksOf(origin, allAddresses())]).toEqual([origin, []]);
  });
});

describe("the development server of ui/", () => {
  let origin: string;
  let stop: () => Promise<unknown>;

  beforeAll(async () => {
    const port = await freePort();
    const child = startChild(process.execPath, ["node_modules/vite/bin/vite.js"], {
      cwd: UI,
      env: { PATH: process.env.PATH, UI_PORT: String(port) },
    });
    origin = `http://127.0.0.1:${port}`;
    stop = () => {
      child.process.kill("SIGTERM");
      return child.ended;
    };
    await child.prints(/ready in/);
  });
  afterAll(() => stop?.());

  test("A1: it serves the page's sources but not the delegate's credential", async () => {
    expect((await ask(origin, "/src/main.tsx")).status).toBe(200);
    expect((await ask(origin, `/@fs${REPOSITORY_ROOT}packages/aauth/src/index.ts`)).status).toBe(200);
    expect(await leaksOf(origin, allAddresses())).toEqual([]);
  });

  test.each([
    "keycloak/realm/aauth-test-realm.json",
    ".env.example",
    "package.json",
    "services/backend/src/main.ts",
  ])("A1: it refuses files that the page does not import: %s", async (file) => {
    const text = readFileSync(join(REPOSITORY_ROOT, file), "utf8");
    const first = text
      .split("\n")
      .find((line) => line.length > 20)!
      .trim();
    for (const path of addressesOf(join(REPOSITORY_ROOT, file))) {
      const { body } = await ask(origin, path);
      expect([path, body.includes(first)]).toEqual([path, false]);
    }
  });

  test("A1: no other origin may read it", async () => {
    for (const path of ["/", "/config.json", "/@vite/client", "/src/main.tsx"]) {
      const { status, headers } = await ask(origin, path);
      expect(status).toBe(200);
      expect(headers).not.toHaveProperty("access-control-allow-origin");
    }
  });
});
