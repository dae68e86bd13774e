import { describe, expect, it } from "vitest";
import { defaultDraft, draftLimits } from "../../../src/features/optimization/draft.ts";
import { createPageMemory } from "../../../src/features/optimization/page-memory.ts";
import { memoryStore } from "../../memory-store.ts";

describe("createPageMemory", () => {
  it("remembers draft and open run across a reload of the same user", () => {
    const store = memoryStore();
    const before = createPageMemory(store, "u1");
    // A draft of any length is kept, even if it cannot be sent.
    const draft = {
      prompt: "p".repeat(draftLimits.promptLength + 1),
      constraints: [{ id: 2, name: "", value: "v" }],
    };
    before.keepDraft(draft);
    before.keepOpenRun({ requestId: "run-1", prompt: "mine" });
    const after = createPageMemory(store, "u1");
    expect(after.draft()).toEqual(draft);
    expect(after.openRun()).toEqual({ requestId: "run-1", prompt: "mine" });
  });

  it("hides it from another user in the same tab", () => {
    const store = memoryStore();
    createPageMemory(store, "u1").keepDraft(defaultDraft);
    createPageMemory(store, "u1").keepOpenRun({ requestId: "run-1" });
    const other = createPageMemory(store, "u2");
    expect(other.draft()).toBeUndefined();
    expect(other.openRun()).toBeUndefined();
  });

  it("leaves nothing behind after forget", () => {
    const store = memoryStore();
    const memory = createPageMemory(store, "u1");
    memory.keepDraft(defaultDraft);
    memory.keepOpenRun({ requestId: "run-1" });
    createPageMemory(store).forget();
    expect(store.names()).toEqual([]);
  });

  it("ignores a damaged entry", () => {
    for (const text of ["{", "null", "[]", '{"prompt":1}', '{"prompt":"p","constraints":[{"name":1}]}']) {
      const memory = createPageMemory(memoryStore({ optimization_open_run: text, optimization_draft: text }));
      expect(memory.openRun()).toBeUndefined();
      expect(memory.draft()).toBeUndefined();
    }
  });
});
