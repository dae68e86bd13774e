import { request as httpRequest } from "node:http";
import { expect, it, onTestFinished } from "vitest";
import { receivedFields } from "../../src/resource/received-fields.ts";
import type { HeaderFields } from "../../src/types.ts";
import { startServer } from "../discovery/loopback-server.ts";

async function receive(lines: readonly string[]): Promise<{ fields: HeaderFields; isOriginal: boolean }> {
  const received = Promise.withResolvers<{ fields: HeaderFields; isOriginal: boolean }>();
  const server = await startServer((request, response) => {
    const fields = receivedFields(request);
    received.resolve({ fields, isOriginal: fields === request.headers });
    response.end();
  });
  onTestFinished(() => server.close());
  httpRequest(`${server.origin}/`, { headers: ["Host", "a", ...lines] }).end();
  return received.promise;
}

it.each([
  { lines: [], value: undefined },
  { lines: ["Content-Type", "a/b"], value: "a/b" },
  { lines: ["X-Content-Type", "x", "content-type", "a/b", "Content-Typo", "y"], value: "a/b" },
])("returns node's own object if it lacks nothing: $lines", async ({ lines, value }) => {
  const { fields, isOriginal } = await receive(lines);
  expect([fields["content-type"], isOriginal]).toEqual([value, true]);
});

it("returns every line of a content type, and other fields unchanged", async () => {
  const { fields } = await receive(["CONTENT-TYPE", "a/b", "X-A", "1", "Content-Type", "c/d", "x-a", "2"]);
  expect(fields).toMatchObject({ host: "a", "content-type": ["a/b", "c/d"], "x-a": "1, 2" });
});
