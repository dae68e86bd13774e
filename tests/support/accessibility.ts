import axe, { type AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { screenshot } from "./screenshot.ts";

/** WCAG 2.1, levels A and AA. */
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"];

/** No `preload`: axe would load style sheets again, which the pages' policies forbid. */
const RUN = JSON.stringify({
  runOnly: { type: "tag", values: RULES },
  resultTypes: ["violations"],
  preload: false,
});

/** Waits for transitions, so that final colours are judged; endless animations are ignored. */
const END_ANIMATIONS =
  "document.getAnimations().filter((it) => it.effect?.getComputedTiming().endTime !== Infinity).forEach((it) => it.finish())";

type ColorScheme = "light" | "dark";
type Shape = readonly [width: number, height: number, colorScheme: ColorScheme];

const SHAPES: readonly Shape[] = [
  [1280, 900, "light"],
  [400, 800, "dark"],
];
const ALL_SHAPES: readonly Shape[] = [...SHAPES, [1280, 900, "dark"], [400, 800, "light"]];

/**
 * Requires that axe finds nothing on the page, wide and light, and on a phone in the dark, where
 * the page must also fit the width. Keeps a picture of each, and leaves the page wide and light.
 *
 * @param options.everyShape default false; true for wide and dark, and narrow and light, too
 */
export async function expectAccessible(
  page: Page,
  name: string,
  options: { everyShape?: boolean } = {},
): Promise<void> {
  const found: string[] = [];
  for (const [width, height, colorScheme] of options.everyShape ? ALL_SHAPES : SHAPES) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.setViewportSize({ width, height });
    await page.evaluate(END_ANIMATIONS);
    const faults = await settledFaults(page);
    found.push(...faults.map((fault) => `${name}, ${width} px, ${colorScheme}: ${fault}`));
    await screenshot(page, `accessible-${name}-${width}-${colorScheme}`);
  }
  const [width, height, colorScheme] = SHAPES[0]!;
  await page.emulateMedia({ colorScheme });
  await page.setViewportSize({ width, height });
  expect.soft(found).toEqual([]);
}

/**
 * Faults of the page in its current shape. A part that measures itself changes a moment after the
 * window does, so faults count only if they are still there a second later.
 */
async function settledFaults(page: Page): Promise<string[]> {
  const first = await faultsOf(page);
  if (first.length === 0) return first;
  await page.waitForTimeout(1000);
  return faultsOf(page);
}

async function faultsOf(page: Page): Promise<string[]> {
  const found = await violations(page);
  const overflow = Number(await page.evaluate("document.documentElement.scrollWidth - innerWidth"));
  return overflow > 0 ? [...found, `${overflow} px too wide`] : found;
}

/** Violations that axe finds: rule, element and reason, a line each. */
export async function violations(page: Page): Promise<string[]> {
  if (!(await page.evaluate("'axe' in globalThis"))) await page.evaluate(axe.source);
  const results = (await page.evaluate(`axe.run(document, ${RUN})`)) as AxeResults;
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary = "" }) =>
      `${id} at ${target.join(" ")}: ${failureSummary.replace(/\s+/g, " ")}`.slice(0, 400),
    ),
  );
}
