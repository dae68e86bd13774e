import { describe, expect, test } from "vitest";
import { fieldsByName } from "../../src/proxy/request-head.ts";
import { startFakeServer } from "../support/fake-agent.ts";
import { isRealGateway, oneRoute, startGateway } from "../support/gateway-under-test.ts";
import { send } from "../support/http-client.ts";

const requestFields = (fields: string[]) => fieldsByName(fields, "first");

describe("the fields of a request, as rules see them", () => {
  test("omit one whose first line is not ASCII, whatever its other lines", () => {
    const fields = requestFields(["x-a", "caf\xe9", "x-a", "2", "x-b", "1", "x-b", "caf\xe9"]);
    expect(fields["x-a"]).toBeUndefined();
    expect(fields["x-b"]).toBe("1");
  });

  test("no name leads to JavaScript's own properties", () => {
    const fields = requestFields(["x-a", "1"]);
    expect([fields.constructor, fields.toString]).toEqual([undefined, undefined]);
    expect(requestFields(["constructor", "1"]).constructor).toBe("1");
  });
});

test("the fields of a response: a string for one line, a list for several, absent if one is not ASCII", () => {
  const lines = ["x-a", "1", "x-b", "caf\xe9", "x-a", "2", "x-c", "1", "x-c", "\xff", "x-d", "4"];
  expect({ ...fieldsByName(lines, "list") }).toEqual({ "x-a": ["1", "2"], "x-d": "4" });
});

test("a rule sees the length of the body, and not the fields that belong to the connection", async () => {
  const agent = await startFakeServer();
  const seesTe = `${isRealGateway ? "" : "!"}has(request.headers.te)`;
  const rule = `request.headers["content-length"] == "2" && ${seesTe} && request.path == "/a"`;
  const gateway = await startGateway(oneRoute(agent.address, { authorization: { rules: [rule] } }));
  try {
    const call = (body: string) =>
      send({ port: gateway.port, method: "POST", path: "/a?x=1", headers: { te: "trailers" }, body });
    expect([(await call("{}")).status, (await call("[1]")).status]).toEqual([200, 403]);
  } finally {
    await gateway.close();
    await agent.close();
  }
});
