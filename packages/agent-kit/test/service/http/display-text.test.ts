import { expect, test } from "vitest";
import { displayText } from "../../../src/service/http/display-text.ts";

test.each([
  [undefined, undefined],
  ["", undefined],
  [" \n\u202e\u0000 ", undefined],
  ["AcmeCorp", "AcmeCorp"],
  ["  Acme\r\n\tCorp\u202egnp.exe ", "Acme Corp gnp.exe"],
  ["x".repeat(160), "x".repeat(160)],
  ["x".repeat(161), `${"x".repeat(160)}…`],
])("%j is shown as %j", (text, shown) => {
  expect(displayText(text)).toBe(shown);
});
