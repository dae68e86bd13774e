import { expect, it, vi } from "vitest";
import { createDocumentTransport } from "../../src/discovery/http-node.ts";

const lookup = vi.hoisted(() => vi.fn<(...options: unknown[]) => void>());
// A name server whose answers the test triggers.
vi.mock("node:dns", () => ({ lookup }));

it("A2: at most 64 names are resolved at once, including those of aborted fetches", async () => {
  const transport = createDocumentTransport({ development: false });
  const ask = (index: number) => {
    const init = { signal: AbortSignal.timeout(20), maxBytes: 10 };
    return transport(new URL(`https://a${index}.example/`), init).catch((error) => error.code ?? error.name);
  };
  const asked = await Promise.all(Array.from({ length: 64 }, (_, index) => ask(index)));
  expect(asked).not.toContain("discovery_busy");
  expect(await ask(64)).toBe("discovery_busy");
  expect(lookup).toHaveBeenCalledTimes(64);
  const answer = lookup.mock.calls[0]?.at(-1) as (error: Error) => void;
  answer(new Error("no such name"));
  expect(await ask(65)).not.toBe("discovery_busy");
});
