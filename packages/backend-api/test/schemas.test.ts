import { describe, expect, it } from "vitest";
import { startRequestSchema } from "../src/index.ts";

describe("startRequestSchema", () => {
  it("fills the demo's default and drops unknown members", () => {
    expect(startRequestSchema.parse({ surplus: 1 })).toEqual({ optimization_type: "laptop_supply_chain" });
  });

  it("accepts the body of the demo's UI", () => {
    const body = {
      scenario: "laptop_procurement",
      custom_prompt: "optimize laptop supply chain",
      constraints: { budget_limit: 500000, delivery_time: "2 weeks" },
    };
    expect(startRequestSchema.parse(body)).toMatchObject(body);
  });

  it.each([
    ["a prompt beyond the bound", { custom_prompt: "x".repeat(8001) }],
    ["nested constraints", { constraints: { budget: { limit: 1 } } }],
    ["more constraints than the bound", { constraints: Array.from({ length: 51 }, () => "a") }],
    ["a number for the type", { optimization_type: 5 }],
  ])("refuses %s", (_name, body) => {
    expect(startRequestSchema.safeParse(body).success).toBe(false);
  });
});
