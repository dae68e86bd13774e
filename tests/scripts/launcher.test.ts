import { request } from "node:http";
import { LAUNCHER_FIELD } from "topology";
import { beforeAll, expect, test } from "vitest";
import { DemoModes } from "../../scripts/demo/demo-modes.ts";
import { type Launcher, startLauncher } from "../../scripts/demo/launcher.ts";
import { DEMO_MODES, DEMO_PORTS, stackUrls } from "../../scripts/demo/stack.ts";

let launcher: Launcher;
let modes: DemoModes;
beforeAll(async () => {
  modes = new DemoModes({ ports: DEMO_PORTS, modes: DEMO_MODES });
  launcher = await startLauncher(modes);
});

const OWN = stackUrls(DEMO_PORTS).ui;

/** By `node:http`, because `fetch` writes `Host` and `Sec-Fetch-Site` itself. */
async function press(
  method: string,
  path: string,
  changed: Readonly<Record<string, string | undefined>> = {},
) {
  const { host, port } = new URL(launcher.url);
  const headers = {
    host,
    origin: OWN,
    "sec-fetch-site": "same-site",
    [LAUNCHER_FIELD]: launcher.secret,
    ...changed,
  };
  const given = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));
  return new Promise<{ status: number | undefined; body: unknown; allowed: unknown }>((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, method, path, headers: given as never }, (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () =>
        resolve({
          status: response.statusCode,
          body: text === "" ? undefined : JSON.parse(text),
          allowed: response.headers["access-control-allow-origin"],
        }),
      );
    });
    sent.on("error", reject);
    sent.end();
  });
}

const PAGES = { own: { name: "autonomous", url: OWN }, running: [] };

test("the page of the demo's own mode learns which modes run, after its browser's preflight", async () => {
  expect(await press("OPTIONS", "/modes", { [LAUNCHER_FIELD]: undefined })).toEqual({
    status: 204,
    body: undefined,
    allowed: OWN,
  });
  expect(await press("GET", "/modes")).toEqual({ status: 200, body: PAGES, allowed: OWN });
});

const { port } = new URL(OWN);
test.each([
  ["L1: another host name", { host: "127.0.0.1" }],
  ["L1: a host name that resolves to loopback", { host: `demo.example:${port}` }],
  ["L2: a page of another site", { origin: "https://demo.example" }],
  ["L2: the same page under another name of loopback", { origin: `http://127.0.0.1:${port}` }],
  ["L2: another port of this host", { origin: "http://localhost:6146" }],
  ["L2: a program that names no page", { origin: undefined }],
  ["L3: a request from another site", { "sec-fetch-site": "cross-site" }],
  ["L3: a request without the field of browsers", { "sec-fetch-site": undefined }],
  ["L4: no secret", { [LAUNCHER_FIELD]: undefined }],
  ["L4: a guess", { [LAUNCHER_FIELD]: "AAAAAAAAAAAAAAAAAAAAAA" }],
])("%s is refused, and nothing starts or stops", async (_what, changed) => {
  for (const method of ["GET", "POST", "DELETE"]) {
    const { status, body } = await press(method, "/modes/federated", changed);
    expect(status).toBe(403);
    expect(body).toMatchObject({ code: "press_refused" });
  }
  expect(modes.names).toEqual([]);
});

test.each(["", "/", "/modes", "/modes/none", "/modes/__proto__", "/modes/federated/x", "/modes/%2e%2e"])(
  "a press on %j names no mode of the list",
  async (path) => {
    expect(await press("POST", path)).toMatchObject({ status: 404, body: { code: "unknown_mode" } });
    expect(modes.names).toEqual([]);
  },
);

test("the demo's own mode is neither started again nor stopped", async () => {
  expect(await press("POST", "/modes/autonomous")).toMatchObject({ status: 200, body: PAGES });
  expect(await press("DELETE", "/modes/autonomous")).toMatchObject({ status: 200, body: PAGES });
});
