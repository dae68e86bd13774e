import { describe, expect, it } from "vitest";
import { formatDollars } from "../../src/components/format-amount.ts";

describe("format-amount", () => {
  it("writes dollars with cents only if there are any", () => {
    expect(formatDollars(89_750)).toBe("$89,750");
    expect(formatDollars(2399.5)).toBe("$2,399.50");
  });
});
