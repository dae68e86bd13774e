import { expect, test, vi } from "vitest";
import { readBounded } from "../../../src/service/index.ts";
import { endlessBody } from "../support/endless-body.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const inPieces = (...pieces: Uint8Array<ArrayBuffer>[]) =>
  new Response(
    new ReadableStream({
      start(controller) {
        for (const piece of pieces) controller.enqueue(piece);
        controller.close();
      },
    }),
  );

test("returns the text, even if a piece ends inside a character", async () => {
  const whole = bytes("Zoë 😀");
  expect(await readBounded(inPieces(whole.slice(0, 3), whole.slice(3, 7), whole.slice(7)), 10)).toBe(
    "Zoë 😀",
  );
  expect(await readBounded(new Response(null), 0)).toBe("");
});

test("reads up to the allowed number of bytes, and not one more", async () => {
  expect(await readBounded(inPieces(bytes("ab"), bytes("c")), 3)).toBe("abc");
  await expect(readBounded(inPieces(bytes("ab"), bytes("cd")), 3)).rejects.toMatchObject({
    code: "answer_too_large",
    message: "the answer is larger than 3 bytes",
  });
});

test("cancels an endless answer", async () => {
  const { body, read } = endlessBody();
  await expect(readBounded(new Response(body), 100_000)).rejects.toThrow("larger than 100000 bytes");
  await vi.waitFor(() => expect(read.isCancelled).toBe(true));
  expect(read.bytes).toBeLessThan(300_000);
});
