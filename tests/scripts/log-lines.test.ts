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
