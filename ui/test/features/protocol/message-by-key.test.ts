import type { Message } from "aauth-explain/run";
import { describe, expect, it } from "vitest";
import { messageByKey, messageByPageKey } from "../../../src/features/protocol/message-by-key.ts";

const messages = ["a", "b", "c"].map((id) => ({ id }) as Message);
const pressed = (key: string, change = {}) => ({
  key,
  altKey: false,
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  defaultPrevented: false,
  target: null,
  ...change,
});
/** An element whose `closest` finds something, or nothing. */
const within = (found: object | null) => ({ closest: () => found }) as unknown as EventTarget;

describe("in the picture", () => {
  it.each([
    ["ArrowDown", "c"],
    ["ArrowRight", "c"],
    ["ArrowUp", "a"],
    ["ArrowLeft", "a"],
    ["Home", "a"],
    ["End", "c"],
    ["x", undefined],
  ])("%s leads to %s", (key, id) => {
    expect(messageByKey(pressed(key), messages, "b")?.id).toBe(id);
  });

  it("ends at the ends, and leaves the browser its own keys", () => {
    expect(messageByKey(pressed("ArrowRight"), messages, "c")).toBeUndefined();
    expect(messageByKey(pressed("ArrowLeft"), messages, "a")).toBeUndefined();
    expect(messageByKey(pressed("ArrowLeft", { altKey: true }), messages, "b")).toBeUndefined();
  });
});

describe("anywhere on the page", () => {
  it("left and right step, up and down scroll", () => {
    expect(messageByPageKey(pressed("ArrowRight"), messages, "b")?.id).toBe("c");
    expect(messageByPageKey(pressed("ArrowLeft", { target: within(null) }), messages, "b")?.id).toBe("a");
    for (const key of ["ArrowDown", "ArrowUp", "Home", "End"])
      expect(messageByPageKey(pressed(key), messages, "b")).toBeUndefined();
  });

  it("but not in elements that use the keys themselves", () => {
    expect(messageByPageKey(pressed("ArrowRight", { target: within({}) }), messages, "b")).toBeUndefined();
    expect(
      messageByPageKey(pressed("ArrowRight", { defaultPrevented: true }), messages, "b"),
    ).toBeUndefined();
  });
});
