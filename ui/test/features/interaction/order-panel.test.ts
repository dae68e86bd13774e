import type { Order } from "backend-api";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, it } from "vitest";
import { Outcome, orderCount } from "../../../src/features/interaction/order-panel.tsx";

const ORDER = { order_id: "o", model: "Dell XPS", quantity: 40 };
const shown = (order: Partial<Order> & Pick<Order, "status">) =>
  renderToStaticMarkup(createElement(Outcome, { order: { ...ORDER, ...order } }));

describe("an order that waits for the user", () => {
  const interaction_url = "http://supply-chain-agent.localhost:3000/interaction?session=s&return_url=r";

  it("has a link to continue", () => {
    const html = shown({ status: "interaction_required", interaction_url });
    expect(html).toContain(`<a href="${interaction_url.replace("&", "&amp;")}">Continue</a>`);
  });

  it("has no link to an address that is not on the web, nor after its end", () => {
    expect(shown({ status: "interaction_required", interaction_url: "javascript:alert(1)" })).not.toContain(
      "<a",
    );
    for (const status of ["placing", "placed", "declined", "failed"] as const)
      expect(shown({ status, interaction_url })).not.toContain("<a");
  });
});

it("accepts exactly the quantities that the backend accepts", () => {
  expect(["1", "25", "10000"].map(orderCount)).toEqual([1, 25, 10_000]);
  expect(["", "0", "10001", "99999", "1.5", "-3", "many"].map(orderCount)).toEqual([0, 0, 0, 0, 0, 0, 0]);
});
