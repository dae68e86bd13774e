import { createMemoryStore } from "aauth";
import { expect, test } from "vitest";
import { createTurns } from "../src/turns.ts";

test("what concerns one thing runs in order, what concerns another does not wait, and a failure ends nothing", async () => {
  const turns = createTurns(createMemoryStore<true>());
  const done: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = turns.run("a", () => gate.promise.then(() => done.push("a1")));
  const second = turns.run("a", () => Promise.reject(new Error("a2")));
  const third = turns.run("a", async () => done.push("a3"));
  await turns.run("b", async () => done.push("b1"));
  expect(done).toEqual(["b1"]);
  gate.resolve();
  await Promise.all([first, third, expect(second).rejects.toThrow("a2")]);
  expect(done).toEqual(["b1", "a1", "a3"]);
});

test("nothing is kept of what nobody waits for: anybody may name things", async () => {
  const claims = createMemoryStore<true>();
  const turns = createTurns(claims);
  const many = Array.from({ length: 1000 }, (_, index) => turns.run(`name-${index}`, async () => index));
  expect(turns.size).toBe(1000);
  await Promise.all(many);
  expect([turns.size, claims.size]).toEqual([0, 0]);
});

test("who would wait behind a hundred others is refused at once, and whoever wants something else is not", async () => {
  const turns = createTurns(createMemoryStore<true>());
  const gate = Promise.withResolvers<void>();
  const hundred = Array.from({ length: 100 }, () => turns.run("a", () => gate.promise));
  const refused = expect(turns.run("a", async () => "too much")).rejects.toMatchObject({ status: 503 });
  expect(await turns.run("b", async () => "mine")).toBe("mine");
  gate.resolve();
  await Promise.all([refused, ...hundred]);
  expect(await turns.run("a", async () => "mine")).toBe("mine");
});

test("the turn of a process that is no more ends", async () => {
  let seconds = 0;
  const claims = createMemoryStore<true>({ now: () => seconds });
  claims.putIfAbsent("a", true, 10);
  const waiting = createTurns(claims).run("a", async () => "mine");
  seconds = 10;
  expect(await waiting).toBe("mine");
});

test("a turn that does not come is refused, and whoever comes after gets theirs", async () => {
  const claims = createMemoryStore<true>();
  claims.putIfAbsent("a", true, 1000);
  const turns = createTurns(claims);
  await expect(turns.run("a", async () => "mine")).rejects.toMatchObject({
    status: 503,
    code: "temporarily_unavailable",
  });
  claims.delete("a");
  expect(await turns.run("a", async () => "mine")).toBe("mine");
});
