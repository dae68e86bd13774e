import { beforeAll, describe, expect, test } from "vitest";
import { readJaegerSpans } from "../../packages/protocol-trace/src/read/read-jaeger.ts";
import type { StackModes } from "../../scripts/demo/stack.ts";
import type { TestStack } from "./start-stack.ts";
import { commandsOf, demoModes, isCompose, isDemo, missingFiles, problemOf } from "./walkthrough-commands.ts";
import { type PageSource, readWalkthroughPage, writeWalkthroughPage } from "./walkthrough-page.ts";
import { takeTracePicture } from "./walkthrough-picture.ts";
import type { RecordedRun } from "./walkthrough-run.ts";
import { canonical, runValues } from "./walkthrough-values.ts";

/**
 * `npm run docs -- --walkthrough` sets it: the pages are written again, from the runs that they are
 * compared with otherwise.
 */
const IS_UPDATE = process.env.UPDATE_DOCS === "1";

/**
 * What a template says of a value that is not there. A page that was written with it would compare
 * equal forever.
 */
const NO_VALUE = /\b(?:undefined|NaN)\b|\[object /;

/** What a page is compared with, and made of. */
export interface PageRun {
  readonly run: RecordedRun;
  /** Whole regions by name; the others are lines of the log. */
  readonly regions?: PageSource["regions"];
  /**
   * The trace in the page's picture. Default the longest: the others are of documents that were
   * read.
   */
  readonly traceId?: string;
  readonly stack: Pick<TestStack, "urls" | "ports">;
}

export interface PageOptions {
  /** What the page's first command must start. */
  readonly modes?: Partial<StackModes>;
}

/**
 * The tests of a page of the walk-through against a real run. With `UPDATE_DOCS=1` the page is
 * written from the run before.
 */
export function describePage(name: string, make: () => Promise<PageRun>, options: PageOptions = {}): void {
  describe(`docs/walkthrough/${name}`, () => {
    const picture = `walkthrough-${name.slice(0, 2)}`;
    let page = readWalkthroughPage(name);
    let made: PageRun;
    let renewed: ReturnType<typeof page.from>;

    beforeAll(async () => {
      made = await make();
      renewed = page.from({ log: made.run.log, regions: made.regions ?? {} });
      if (!IS_UPDATE) return;
      writeWalkthroughPage(page, renewed.text);
      page = readWalkthroughPage(name);
      await takeTracePicture(made.stack, made.traceId ?? longestTrace(made.run), picture);
    });

    test("shows what a real run shows; keys and ids fit together as they do there", () => {
      expect(renewed.problems).toEqual([]);
      expect(Object.entries(made.regions ?? {}).filter(([, text]) => NO_VALUE.test(text))).toEqual([]);
      expect(canonical(page.text)).toBe(canonical(renewed.text));
    });

    test("has no key, id or time outside of what comes from the run", () => {
      const inRegions = page.regions.map(({ body }) => body).join("\n");
      const known = new Set(runValues(inRegions).map(({ text }) => text));
      expect(runValues(page.prose).filter(({ text }) => !known.has(text))).toEqual([]);
    });

    test("names commands that exist; the first ones start what was recorded", () => {
      const commands = commandsOf(page.text);
      expect(commands.map(problemOf).filter((problem) => problem !== undefined)).toEqual([]);
      const demo = commands.find(isDemo)!;
      expect(demoModes(demo)).toMatchObject(options.modes ?? {});
      const compose = commands.find(isCompose)!;
      const { policyFile: _file, ...modes } = options.modes ?? {};
      expect(demoModes({ ...compose, words: [] })).toMatchObject(modes);
    });

    test("names files that are there", () => {
      expect(page.text).toContain(`(../images/${picture}.png)`);
      expect(missingFiles(page.text)).toEqual([]);
    });
  });
}

function longestTrace({ traces }: RecordedRun): string {
  const sizes = [...traces].map(([id, trace]) => [id, readJaegerSpans(trace).length] as const);
  return sizes.sort((one, other) => other[1] - one[1])[0]![0];
}
