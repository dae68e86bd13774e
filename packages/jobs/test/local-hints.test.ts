import { expect, test, vi } from "vitest";
import { createLocalHints } from "../src/index.ts";

test("reaches the listeners of a channel until they stop", () => {
  const hints = createLocalHints();
  const [heard, other] = [vi.fn(), vi.fn()];
  const stop = hints.listen("runs", heard);
  hints.listen("orders", other);
  hints.announce("runs", "a");
  stop();
  hints.announce("runs", "b");
  expect(heard).toHaveBeenCalledExactlyOnceWith("a");
  expect(other).not.toHaveBeenCalled();
});
