import { expect, test } from "vitest";
import { BodyBudget } from "../../src/proxy/body-budget.ts";

test("one agent's requests get half, and leave half to the others", () => {
  const budget = new BodyBudget(100);
  const stuck = Array.from({ length: 10 }, () => budget.hold("stuck"));
  expect(stuck.map((held) => held.add(10)).filter(Boolean)).toHaveLength(5);
  expect(budget.heldBytes).toBe(50);
  const other = budget.hold("other");
  expect(other.add(25)).toBe(true);
  expect(other.add(1)).toBe(false);
});

test("released bytes are available again, and released only once", () => {
  const budget = new BodyBudget(100);
  const held = budget.hold("a");
  expect(held.add(50)).toBe(true);
  expect(budget.hold("a").add(1)).toBe(false);
  held.giveBack(20);
  expect(budget.heldBytes).toBe(30);
  held.release();
  held.release();
  held.giveBack(20);
  expect(budget.heldBytes).toBe(0);
  expect(held.add(1)).toBe(false);
  expect(budget.hold("a").add(50)).toBe(true);
});

test("an agent without requests uses no quota", () => {
  const budget = new BodyBudget(100);
  const gone = budget.hold("gone");
  expect(gone.add(10)).toBe(true);
  gone.release();
  // Beside another agent it would use more than half of the free space.
  expect(budget.hold("a").add(60)).toBe(true);
});

test("an agent is charged as long as one of its requests is held, however often another is released", () => {
  const budget = new BodyBudget(100);
  const [first, second] = [budget.hold("a"), budget.hold("a")];
  first.release();
  first.release();
  expect(budget.hold("b").add(60)).toBe(false);
  second.release();
  expect(budget.hold("b").add(60)).toBe(true);
});
