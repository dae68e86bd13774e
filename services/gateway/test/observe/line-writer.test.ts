import { expect, test, vi } from "vitest";
import { lineWriter } from "../../src/observe/line-writer.ts";

test("lines are written together, soon, and none is lost at the end", async () => {
  const written: string[] = [];
  const writer = lineWriter((text) => written.push(text));
  writer.write("a");
  writer.write("b");
  expect(written).toEqual([]);
  await vi.waitFor(() => expect(written).toEqual(["a\nb\n"]));
  writer.write("c");
  writer.flush();
  writer.flush();
  expect(written).toEqual(["a\nb\n", "c\n"]);
});
