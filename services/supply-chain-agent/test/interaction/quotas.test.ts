/** A9: what one owner makes this agent remember never costs another owner anything. */
import { createTestClock } from "aauth/testing";
import { expect, test } from "vitest";
import { createInteractions } from "../../src/interaction/interactions.ts";

const ORDER = { order_id: "o", model: "m", quantity: 1, vendor: "v", total: 1, approver: "anna" } as never;
const asker = (agent: string, index = 0) => ({
  ...{ agent, thumbprint: "t", method: "POST", url: "/orders" },
  body: Buffer.from(`${index}`),
});

function opened() {
  const interactions = createInteractions(createTestClock().now);
  const { id } = interactions.open(asker("https://agent.example.org"), ORDER);
  interactions.note(id, { returnUrl: "https://agent.example.org/back" });
  const isKept = () => [
    interactions.find(id) !== undefined,
    interactions.wayBack(id) !== undefined,
    interactions.open(asker("https://agent.example.org"), ORDER).id === id,
  ];
  return { interactions, isKept };
}

test("A9: 10,100 orders from 101 names below one domain leave another agent's interaction alone", () => {
  const { interactions, isKept } = opened();
  for (let index = 0; index < 10_100; index++) {
    const agent = `https://x${index % 101}.wild.example.com`;
    interactions.note(interactions.open(asker(agent, index), ORDER).id, { returnUrl: `${agent}/back` });
  }
  expect(isKept()).toEqual([true, true, true]);
});

test("A9: however many owners order, those that find no room are refused, and no interaction is forgotten", () => {
  const { interactions, isKept } = opened();
  const refused = new Set<unknown>();
  let open = 0;
  for (let index = 0; index < 10_100; index++) {
    try {
      interactions.open(asker(`https://owner-${index}.example`), ORDER);
      open++;
    } catch (error) {
      refused.add((error as { code?: string }).code);
    }
  }
  expect([open, ...refused]).toEqual([9_999, "store_full"]);
  expect(isKept()).toEqual([true, true, true]);
});
