import { describe, expect, it } from "vitest";
import { formatDollars, formatStatedText, notStated } from "../../src/components/format-amount.ts";

describe("format-amount", () => {
  it("writes dollars with cents only where there are some", () => {
    expect(formatDollars(89_750)).toBe("$89,750");
    expect(formatDollars(2399.5)).toBe("$2,399.50");
  });

  it("does not show the API's 0 and TBD as figures", () => {
    expect(formatDollars(0)).toBe(notStated);
    expect(formatStatedText("TBD")).toBe(notStated);
    expect(formatStatedText("7-10 days")).toBe("7-10 days");
  });
});
