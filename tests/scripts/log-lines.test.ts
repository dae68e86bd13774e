import { expect, test } from "vitest";
import { LogLines } from "../../scripts/demo/log-lines.ts";

const HOSTILE = "x\u001b[2J\u202e\u2028gateway | forged";

test("A15: a line of a service stays one line of its own, and does not talk to the terminal", () => {
  const written: string[] = [];
  const lines = new LogLines(["backend"], { sink: { write: (text) => written.push(text) }, colour: false });
  lines.write("backend", HOSTILE);
  lines.write("backend", "\tat Frame\tx");
  expect(written).toEqual([
    "backend | x\\u001b[2J\\u202e\\u2028gateway | forged\n",
    "backend |     at Frame\tx\n",
  ]);
});

test("a line that is wider than the terminal goes on below its beginning, and in a file it stays one", () => {
  const written: string[] = [];
  const sink = { write: (text: string) => written.push(text) };
  const line = `Received token claims={${"x".repeat(70)}} and more words`;
  new LogLines(["backend"], { sink, colour: false, columns: () => 60 }).write("backend", line);
  expect(written.every((text) => text.length <= 61)).toBe(true);
  expect(written[0]).toBe(`backend | Received token claims={${"x".repeat(25)}\n`);
  expect(written[1]).toMatch(/^ {8}\| {3}x+/);
  expect(written.map((text) => text.slice(10).trim()).join("")).toBe(line.replace(" and", "and"));
  new LogLines(["backend"], { sink, colour: false }).write("backend", line);
  expect(written.at(-1)).toBe(`backend | ${line}\n`);
});
