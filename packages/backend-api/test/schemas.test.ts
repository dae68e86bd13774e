import { describe, expect, it } from "vitest";
import { failureSchema, progressSchema, startReplySchema, startRequestSchema } from "../src/index.ts";

describe("startRequestSchema", () => {
  it("fills the demo's default and drops unknown members", () => {
    expect(startRequestSchema.parse({ surplus: 1 })).toEqual({ optimization_type: "laptop_supply_chain" });
  });

  it("takes the body of the demo's UI", () => {
    const body = {
      scenario: "laptop_procurement",
      custom_prompt: "optimize laptop supply chain",
      constraints: {
        budget_limit: 500000,
        delivery_time: "2 weeks",
        quality_requirement: "enterprise_grade",
      },
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

describe("startReplySchema", () => {
  it.each([
    [{ request_id: "r", status: "completed", message: "Optimization completed" }],
    [{ request_id: "r", status: "running", message: "Optimization running" }],
    [{ consent_required: true, consent_url: "http://localhost:8080/x", request_id: "r" }],
    [{ request_id: "r", status: "failed", message: "no", failure: { message: "no", hop: "gateway" } }],
  ])("keeps every member of %j", (reply) => {
    expect(startReplySchema.parse(reply)).toEqual(reply);
  });

  it("does not know a failed reply without its failure", () => {
    expect(startReplySchema.safeParse({ request_id: "r", status: "failed", message: "no" }).success).toBe(
      false,
    );
  });
});

it("progressSchema refuses a percentage beyond 100 and an unknown status", () => {
  const progress = {
    request_id: "r",
    status: "running",
    progress_percentage: 10,
    current_step: "x",
    estimated_completion: null,
    activities: [],
  };
  expect(progressSchema.safeParse(progress).success).toBe(true);
  expect(progressSchema.safeParse({ ...progress, progress_percentage: 101 }).success).toBe(false);
  expect(progressSchema.safeParse({ ...progress, status: "paused" }).success).toBe(false);
});

it("failureSchema refuses an unknown hop", () => {
  expect(failureSchema.safeParse({ hop: "moon", message: "no" }).success).toBe(false);
});
