import { expect, test } from "vitest";
import { LogLines } from "../../scripts/demo/log-lines.ts";

const HOSTILE = "x\u001b[2J\u202e\u2028gateway | forged";

test("A15: a line of a service stays one line, and does not control the terminal", () => {
  const written: string[] = [];
  const lines = new LogLines(["backend"], { sink: { write: (text) => written.push(text) }, colour: false });
  lines.write("backend", HOSTILE);
  lines.write("backend", "\tat Frame\tx");
  expect(written).toEqual([
    "backend | x\\u001b[2J\\u202e\\u2028gateway | forged\n",
    "backend |     at Frame\tx\n",
  ]);
});

test("a line wider than the terminal continues below its beginning, and stays one line in a file", () => {
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
