import { describe, expect, it } from "vitest";
import { createOrderClient } from "../../src/orders/order-client.ts";

const ORDER = { order_id: "o", model: "m", quantity: 1, approver: "anna" };
const PLACED = { status: "placed", total: 5, approved_by: { sub: "anna" } };
const client = createOrderClient({ url: "http://sca.localhost:3000" });
const answering = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  (async () =>
    new Response(typeof body === "string" ? body : JSON.stringify(body), {
      status,
      headers,
    })) as typeof fetch;

describe("placing an order", () => {
  it("sends the same bytes for the same order", async () => {
    const sent: unknown[] = [];
    const fetch = (async (url, init) => {
      sent.push([url, init?.method, init?.body]);
      return Response.json(PLACED, { status: 201 });
    }) as typeof globalThis.fetch;
    expect(await client.place(ORDER, fetch)).toEqual(PLACED);
    await client.place({ ...ORDER }, fetch);
    expect(sent[0]).toEqual(["http://sca.localhost:3000/orders", "POST", JSON.stringify(ORDER)]);
    expect(sent[1]).toEqual(sent[0]);
  });

  it.each([403, 422])("%i with the agent's own words is its refusal", async (status) => {
    const fetch = answering(status, { error: "order_refused", detail: "too much" });
    await expect(client.place(ORDER, fetch)).rejects.toMatchObject({
      code: "order_refused",
      message: "too much",
    });
  });

  it.each([
    [403, "authorization failed"],
    [401, "Valid AAuth signature required: created_out_of_window"],
    [500, "{}"],
  ])("%i with other words is an HTTP error", async (status, body) => {
    const fetch = answering(status, body, { "agent-auth": "httpsig" });
    await expect(client.place(ORDER, fetch)).rejects.toMatchObject({
      status,
      answer: { challenge: "httpsig" },
    });
  });

  it.each(["no json", { status: "placed" }, { ...PLACED, approved_by: {} }, null])(
    "rejects a malformed answer: %j",
    async (body) => {
      await expect(client.place(ORDER, answering(201, body))).rejects.toThrow(
        "does not match the expected schema",
      );
    },
  );
});

it("the catalogue is read as it is defined", async () => {
  const catalogue = { level: "identified", laptops: [{ model: "m", vendor: "v", unitPrice: 1 }] };
  expect(await client.catalogue(answering(200, catalogue))).toEqual(catalogue);
  await expect(client.catalogue(answering(200, { laptops: 1 }))).rejects.toThrow(
    "does not match the expected schema",
  );
  await expect(client.catalogue(answering(429, "x"))).rejects.toMatchObject({ status: 429 });
});
