import type { Message } from "protocol-trace/read";
import { expect, test } from "vitest";
import { mostTelling } from "../../../src/features/protocol/most-telling.ts";

const message = (id: string, outcome: Message["outcome"], isSigned = true) =>
  ({ id, outcome, ...(isSigned && { signer: {} }) }) as Message;
const asked = message("asked", "accepted", false);
const first = message("first", "accepted");
const waiting = message("waiting", "failed");
const cause = message("cause", "failed");
const refused = message("refused", "refused");

test.each([
  ["the refused one before all others", [asked, first, waiting, cause, refused], "refused"],
  ["where a failure began, not who waited for it", [asked, first, waiting, cause], "cause"],
  ["the first that was signed", [asked, first], "first"],
  ["whatever there is", [asked], "asked"],
  ["nothing", [], undefined],
])("opens %s", (_what, messages, expected) => {
  expect(mostTelling(messages)?.id).toBe(expected);
});
