import { createServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { runCommand, UsageError } from "../src/command.ts";
import { GATEWAY_CHECKS } from "../src/roles/gateway.ts";

const ID = "https://target.example";
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function serve(handler: RequestListener): Promise<string> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function serveRaw(onConnection: (socket: Socket) => void): Promise<string> {
  const server = createTcpServer(onConnection);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Three checks of a resource at this address, and what the command printed. */
async function judged(address: string, ...more: readonly string[]) {
  const lines: string[] = [];
  const only = ["RS-11.2-11", "RS-11.3.3.1-01", "RS-6.1-01"].flatMap((id) => ["--only", id]);
  const route = ["--route", "agent-token=/agent"];
  const args = [
    "resource",
    "--url",
    ID,
    "--map",
    `${ID}=${address}`,
    "--timeout",
    "0.2",
    ...route,
    ...only,
    ...more,
  ];
  const status = await runCommand(args, (line) => lines.push(line));
  return { status, text: lines.join("\n") };
}

describe("a target", () => {
  test.each(["person-server", "access-server"])("that lies as a %s ends in verdicts", async (role) => {
    const metadata = {
      issuer: ID,
      jwks_uri: `${ID}/keys`,
      person_token_endpoint: 5,
      revocation_endpoint: "no",
    };
    const keys = [null, 3, { kid: 1 }];
    const fields = {
      location: "https://elsewhere.example/",
      "retry-after": "x",
      "aauth-requirement": "=;url=5",
    };
    let count = 0;
    const address = await serve(({ url = "" }, response) => {
      count += 1;
      const isDocument = url.startsWith("/.well-known");
      if (isDocument || url === "/keys")
        return response.end(JSON.stringify(isDocument ? metadata : { keys }));
      return response.writeHead(200 + (count % 3), fields).end(`{"person_token":5,"auth_token":"a.b.c"}`);
    });
    const args = [role, "--url", ID, "--map", `${ID}=${address}`, "--decide", "false", "--has", "federation"];
    expect(await runCommand(args, () => {})).toBe(1);
  });

  test("that is a gateway leaves no listener of the suite open", async () => {
    const probe = createTcpServer();
    await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
    const upstream = `127.0.0.1:${(probe.address() as AddressInfo).port}`;
    await new Promise((resolve) => probe.close(resolve));
    const args = ["gateway", "--url", ID, "--map", `${ID}=http://127.0.0.1:1`, "--upstream", upstream];
    const only = ["--only", GATEWAY_CHECKS[0]!.id];
    // The second run listens at the same address.
    for (let run = 0; run < 2; run += 1) expect(await runCommand([...args, ...only], () => {})).toBe(1);
  });

  test("that is down ends in a verdict", async () => {
    const { status, text } = await judged("http://127.0.0.1:1");
    expect(status).toBe(1);
    expect(text).toMatch(/the connection failed: ECONNREFUSED/);
  });

  test("that never answers ends in a verdict", async () => {
    const { status, text } = await judged(await serve(() => {}));
    expect(status).toBe(1);
    expect(text).toMatch(/there is no whole answer within 200 ms/);
  });

  test("that answers a byte at a time ends in a verdict", async () => {
    const slow = await serve((_, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write(" "), 20);
      response.on("close", () => clearInterval(timer));
    });
    expect((await judged(slow)).text).toMatch(/there is no whole answer|the answer broke off/);
  });

  test("that hangs up ends in a verdict", async () => {
    const { status, text } = await judged(await serveRaw((socket) => socket.destroy()));
    expect(status).toBe(1);
    expect(text).toMatch(/the connection failed: ECONNRESET/);
  });

  test("that speaks no HTTP ends in a verdict", async () => {
    const address = await serveRaw((socket) => {
      socket.on("error", () => {});
      socket.end("SSH-2.0-none\r\n\r\n");
    });
    expect((await judged(address)).text).toMatch(/the connection failed: HPE_/);
  });

  test("that answers megabytes ends in a verdict", async () => {
    const large = await serve((_, response) => response.end("x".repeat(3_000_000)));
    expect((await judged(large)).text).toMatch(/the answer has more than 1048576 bytes/);
  });

  test("that redirects is not followed", async () => {
    let elsewhere = 0;
    const other = await serve((_, response) => {
      elsewhere += 1;
      response.end();
    });
    const address = await serve((_, response) => response.writeHead(302, { location: `${other}/` }).end());
    const { status, text } = await judged(address);
    expect([status, elsewhere]).toEqual([1, 0]);
    expect(text).toMatch(/FAIL {2}RS-11\.3\.3\.1-01[\s\S]*it was answered 302/);
  });

  test("that names an address that was not given gets no request there", async () => {
    let elsewhere = 0;
    const other = await serve((_, response) => {
      elsewhere += 1;
      response.end();
    });
    const address = await serve((_, response) => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ issuer: ID, jwks_uri: `${other}/jwks.json` }));
    });
    const { text } = await judged(address, "--only", "RS-11.4-11");
    expect(elsewhere).toBe(0);
    expect(text).toMatch(/is not one of the given addresses/);
  });

  test("that lies about its identity fails, and says so", async () => {
    const address = await serve((_, response) => response.end('{"issuer":"https://bank.example"}'));
    const { status, text } = await judged(address);
    expect(status).toBe(1);
    expect(text).toMatch(/FAIL {2}RS-11\.2-11[\s\S]*the issuer is "https:\/\/bank\.example"/);
  });

  test("that serves everything fails where it must ask, and cannot reach the terminal", async () => {
    const address = await serve((_, response) => response.end('{"issuer":"\u001b[31mred"}'));
    const { text } = await judged(address);
    expect(text).toMatch(/FAIL {2}RS-6\.1-01/);
    expect(text).not.toContain("\u001b");
  });
});

describe("arguments", () => {
  test.each([
    [["resource"], /--url/],
    [["resource", "--url", "http://target.example"], /--url is https/],
    [["resource", "--url", ID, "--map", "target"], /--map takes/],
    [["resource", "--url", ID, "--route", "token=/"], /--route takes/],
    [["resource", "--url", ID, "--listen", "here"], /--listen takes/],
    [["resource", "--url", ID, "--timeout", "0"], /--timeout/],
    [["resource", "--url", ID, "--only", "RS-0-0"], /--only names no check/],
    [["verify"], /--exec/],
    [["agent"], /--command/],
    [["verify", "--exec", "true", "--profile", "draft-12"], /--profile is one of/],
    [["explain", "RS-0-0"], /there is no check/],
    [["report", "/nowhere"], /cannot be read/],
    [["report"], /takes the folder/],
    [["list", "--draft", "/nowhere"], /cannot be read/],
    [["dance"], /there is no command dance/],
    [["list", "--what"], /what/],
  ])("%j are refused with what is wrong", async (args, message) => {
    const run = runCommand(args, () => {});
    await expect(run).rejects.toThrow(UsageError);
    await expect(run).rejects.toThrow(message);
  });
});
