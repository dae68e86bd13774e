import { generateKeyPair } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { createParties, RESOURCE } from "../../aauth-a2a/test/parties.ts";
import { runBridge } from "../src/bridge.ts";
import { readBridgeSettings } from "../src/bridge-settings.ts";
import { protectMcp } from "../src/index.ts";
import { type Handled, sessionsOfSdk1 } from "./servers.ts";

const request = (id: number, method: string, params: object = {}) => ({ jsonrpc: "2.0", id, method, params });
const init = {
  protocolVersion: "2025-06-18",
  capabilities: {},
  clientInfo: { name: "host", version: "1" },
};

/** A host that talks to the bridge, line by line. */
async function host() {
  const parties = await createParties();
  const handled: Handled[] = [];
  const sessions = new Map();
  const person = { level: "person-token" } as const;
  parties.listen(protectMcp(parties.resource, person, sessionsOfSdk1(handled, sessions)));
  const [input, output] = [new PassThrough(), new PassThrough()];
  const errors: Error[] = [];
  const ended = runBridge({
    ...{ url: new URL(`${RESOURCE}/mcp`), fetch: (await parties.agent("planner")).fetchFor() },
    ...{ input, output, onError: (error) => void errors.push(error) },
  });
  const send = (message: unknown) =>
    void input.write(`${typeof message === "string" ? message : JSON.stringify(message)}\n`);
  const ask = async (message: unknown) => {
    send(message);
    const [chunk] = await once(output, "data");
    return JSON.parse(String(chunk));
  };
  const end = () => {
    input.end();
    return ended;
  };
  return { ...parties, handled, sessions, errors, ask, send, end };
}

test("a host over stdio initializes, lists, calls, and ends the session", async () => {
  const { ask, send, end, handled, sessions, sent } = await host();
  expect((await ask(request(1, "initialize", init))).result.serverInfo).toMatchObject({ name: "files" });
  send({ jsonrpc: "2.0", method: "notifications/initialized" });
  expect((await ask(request(2, "tools/list"))).result.tools).toHaveLength(2);
  const call = request(3, "tools/call", { name: "list", arguments: { path: "/a" } });
  expect((await ask(call)).result.content).toEqual([{ type: "text", text: "list /a" }]);
  expect(handled).toHaveLength(1);
  expect(sent.at(-1)!.headers["mcp-protocol-version"]).toBe("2025-06-18");
  expect(sessions.size).toBe(1);
  await end();
  expect(sessions.size).toBe(0);
});

test("a request that fails on the way is answered with an error, and a line that is no message with none", async () => {
  const { ask, send, end, listen } = await host();
  listen(async () => new Response(null, { status: 403 }));
  send("no message");
  expect(await ask(request(1, "initialize", init))).toMatchObject({ id: 1, error: { code: -32_000 } });
  await end();
});

test("settings that are missing or malformed are named", async () => {
  const folder = mkdtempSync(join(tmpdir(), "bridge-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "key.json");
  writeFileSync(file, "{ secret");
  const url = `${RESOURCE}/mcp`;
  const env = {
    AAUTH_AGENT: "aauth:planner@agent.example",
    AAUTH_PERSON_SERVER: "https://ps.example",
    AAUTH_KEY_FILE: file,
  };
  await expect(readBridgeSettings([], env)).rejects.toThrow("a URL, is needed");
  await expect(readBridgeSettings([url], { ...env, AAUTH_AGENT: "" })).rejects.toThrow(
    "AAUTH_AGENT is not set",
  );
  await expect(readBridgeSettings([url], env)).rejects.toThrow(
    /^AAUTH_KEY_FILE is not a file with a private JWK/,
  );
  const { privateKey } = await promisify(generateKeyPair)("ed25519");
  writeFileSync(file, JSON.stringify({ ...privateKey.export({ format: "jwk" }), kid: "planner-1" }));
  await expect(readBridgeSettings([url], { ...env, AAUTH_ENDPOINTS: "{" })).rejects.toThrow(
    "AAUTH_ENDPOINTS: ",
  );
  expect((await readBridgeSettings([url], env)).url.href).toBe(url);
});
