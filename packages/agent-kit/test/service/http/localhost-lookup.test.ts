import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { installLocalhostLookup, localhostLookup } from "../../../src/service/index.ts";

function lookUp(hostname: string, options = {}) {
  return new Promise((resolve, reject) => {
    localhostLookup(hostname, options, (error, address, family) =>
      error ? reject(error) : resolve([address, family]),
    );
  });
}

test("names below .localhost are loopback", async () => {
  expect(await lookUp("supply-chain-agent.localhost")).toEqual(["127.0.0.1", 4]);
  expect(await lookUp("A.B.LOCALHOST.")).toEqual(["127.0.0.1", 4]);
  expect(await lookUp("backend.localhost", { all: true })).toEqual([
    [{ address: "127.0.0.1", family: 4 }],
    undefined,
  ]);
});

test("other names go to the system", async () => {
  expect(await lookUp("127.0.0.2")).toEqual(["127.0.0.2", 4]);
  await expect(lookUp("xlocalhost.invalid.")).rejects.toThrow();
});

test("the built-in fetch follows, and the Host header keeps the name", async () => {
  const server = createServer((request, response) => response.end(request.headers.host));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  installLocalhostLookup();
  try {
    const reply = await fetch(`http://supply-chain-agent.localhost:${port}/`);
    expect(await reply.text()).toBe(`supply-chain-agent.localhost:${port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
