import { startRequestSchema } from "backend-api";
import { describe, expect, it } from "vitest";
import { constraintProblems } from "../../../src/features/optimization/constraint-problems.ts";
import { defaultDraft, draftLimits, promptExcess } from "../../../src/features/optimization/draft.ts";
import { startRequest } from "../../../src/features/optimization/start-request.ts";

const row = (id: number, name: string, value: string) => ({ id, name, value });

describe("draft", () => {
  it("says by how much a prompt is too long, whitespace around it aside", () => {
    expect(promptExcess(`${"p".repeat(draftLimits.promptLength)} `)).toBe(0);
    expect(promptExcess("p".repeat(draftLimits.promptLength + 2))).toBe(2);
  });

  it("stays within the backend's limits", () => {
    const constraints = Array.from({ length: draftLimits.constraints }, (_, index) =>
      row(index, String(index).padEnd(draftLimits.nameLength, "n"), "v".repeat(draftLimits.valueLength)),
    );
    const request = startRequest("p".repeat(draftLimits.promptLength), constraints);
    expect(startRequestSchema.safeParse(request).success).toBe(true);
  });
});

describe("startRequest", () => {
  it("sends the standard request as the demo does", () => {
    expect(startRequest(defaultDraft.prompt, defaultDraft.constraints)).toEqual({
      scenario: "laptop_procurement",
      custom_prompt: "optimize laptop supply chain",
      constraints: {
        budget_limit: "500000",
        delivery_time: "2 weeks",
        quality_requirement: "enterprise_grade",
      },
    });
  });

  it("omits empty rows, and constraints altogether if all are empty", () => {
    expect(startRequest(" p ", [row(1, " ", ""), row(2, " a ", " 1 ")])).toMatchObject({
      custom_prompt: "p",
      constraints: { a: "1" },
    });
    expect(startRequest("p", [row(1, "", "")])).not.toHaveProperty("constraints");
  });
});

describe("constraintProblems", () => {
  it("finds no problem in the standard constraints, nor in an empty row", () => {
    expect(constraintProblems([...defaultDraft.constraints, row(9, "", " ")]).size).toBe(0);
  });

  it("finds a missing name, a missing value and a name used twice", () => {
    const problems = constraintProblems([
      row(1, "", "v"),
      row(2, "a", ""),
      row(3, "b", "1"),
      row(4, " b ", "2"),
    ]);
    expect([...problems.keys()]).toEqual([1, 2, 4]);
  });

  it("finds the one name that the backend's reader of JSON refuses", () => {
    const problems = constraintProblems([row(1, " __proto__ ", "1"), row(2, "constructor", "1")]);
    expect([...problems]).toEqual([[1, "This name cannot be used"]]);
  });
});
