import { startRequestSchema } from "backend-api";
import { expect, it } from "vitest";
import { promptFor, shownPrompt } from "../../src/runs/prompt.ts";

const prompt = (body: unknown) => promptFor(startRequestSchema.parse(body));

it("words the UI's default request as the demo does", () => {
  const constraints = {
    budget_limit: 500000,
    delivery_time: "2 weeks",
    quality_requirement: "enterprise_grade",
  };
  expect(
    prompt({ scenario: "laptop_procurement", custom_prompt: "optimize laptop supply chain", constraints }),
  ).toBe(
    "optimize laptop supply chain. with the following constraints: budget_limit: 500000, delivery_time: 2 weeks, quality_requirement: enterprise_grade",
  );
});

it("does not double a full stop, and adds the priority", () => {
  expect(prompt({ custom_prompt: " Do it. ", priority: "high" })).toBe("Do it.. Priority level: high");
});

it("names the scenario rather than the type without a prompt", () => {
  expect(prompt({ scenario: "laptop_procurement", optimization_type: "x", constraints: ["a", "b"] })).toBe(
    "Optimize the laptop procurement. with the following constraints: a, b. Please provide detailed recommendations with their expected impact.",
  );
  expect(prompt({ custom_prompt: "  " })).toMatch(/^Optimize the laptop supply chain\./);
});

it("is shown as the user has written it, or as it was made", () => {
  const shown = (body: unknown) => shownPrompt(startRequestSchema.parse(body));
  expect(shown({ custom_prompt: " Do it ", priority: "high", constraints: ["a"] })).toBe("Do it");
  for (const made of [{}, { scenario: "x", priority: "low" }, { custom_prompt: "  " }]) {
    expect(shown(made)).toBe(prompt(made));
  }
});
