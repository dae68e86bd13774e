import type { Message } from "aauth-explain/run";
import { expect, test } from "vitest";
import { mostTelling } from "../../../src/features/protocol/most-telling.ts";

const message = (id: string, outcome: Message["outcome"], isSigned = true) =>
  ({ id, outcome, ...(isSigned && { signer: {} }) }) as Message;
const asked = message("asked", "accepted", false);
const first = message("first", "accepted");
const waiting = message("waiting", "failed");
const cause = message("cause", "failed");
const refused = message("refused", "refused");

const tampered = { ...message("tampered", "accepted"), isTampered: true };

test.each([
  ["the tampered one of an attack", [first, tampered, refused], "tampered", "the tampered message"],
  ["the refused one before all others", [asked, first, waiting, cause, refused], "refused", "was refused"],
  [
    "where a failure began, not who waited for it",
    [asked, first, waiting, cause],
    "cause",
    "failure began here",
  ],
  ["the first that was signed", [asked, first], "first", "the first signed message"],
])("opens %s, and says why", (_what, messages, expected, why) => {
  const opened = mostTelling(messages);
  expect(opened?.message.id).toBe(expected);
  expect(opened?.why).toContain(why);
});

test.each([
  ["whatever there is", [asked], "asked"],
  ["the first, also when it is the refused one", [refused, first], "refused"],
  ["nothing", [], undefined],
])("opens %s, and need not say why", (_what, messages, expected) => {
  const opened = mostTelling(messages);
  expect(opened?.message.id).toBe(expected);
  expect(opened?.why).toBeUndefined();
});
