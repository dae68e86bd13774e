import { expect, test } from "vitest";
import { forecastTrends } from "../../src/domain/forecast-trends.ts";

const at = (date: string) => Date.parse(`${date}T12:00:00Z`) / 1000;

test.each([
  [3, "2026-02-16", ["Product Releases", "Pricing"]],
  [6, "2026-02-16", ["Pricing"]],
  [6, "2026-07-31", ["Pricing"]],
  [6, "2026-08-01", ["Seasonal Demand", "Pricing"]],
  [6, "2026-10-31", ["Seasonal Demand", "Pricing"]],
  [6, "2026-11-01", ["Pricing"]],
  [3, "2026-09-01", ["Product Releases", "Seasonal Demand", "Pricing"]],
])("%d months, asked on %s", (months, date, names) => {
  const trends = forecastTrends(months, at(date));
  expect(trends.map(({ name }) => name)).toEqual(names);
  expect(trends.every(({ impact }) => impact === "medium")).toBe(true);
});
