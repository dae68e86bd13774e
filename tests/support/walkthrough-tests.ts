import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readJaegerSpans } from "../../packages/aauth-explain/src/run/read-jaeger.ts";
import type { StackModes } from "../../scripts/demo/stack.ts";
import { type ServiceVariables, startStack, type TestStack } from "./start-stack.ts";
import { commandsOf, demoModes, isDemo, missingFiles, problemOf } from "./walkthrough-commands.ts";
import { type PageSource, readWalkthroughPage, writeWalkthroughPage } from "./walkthrough-page.ts";
import { takeTracePicture } from "./walkthrough-picture.ts";
import type { RecordedRun } from "./walkthrough-run.ts";
import { canonical, runValues } from "./walkthrough-values.ts";

/**
 * `UPDATE_DOCS=1 npm run test:all -- walkthrough`: the pages are written from the runs, instead of
 * being compared with them.
 */
const IS_UPDATE = process.env.UPDATE_DOCS === "1";

/** Output of a template for a missing value. A page written with it would compare equal forever. */
const NO_VALUE = /\b(?:undefined|NaN)\b|\[object /;

/** A recorded run of a page, on a separate stack. */
export interface Flow {
  /** Modes that a command of the page must start. */
  readonly modes: Partial<StackModes>;
  /** Modes in which the stack is started instead. Default: `modes`. */
  readonly stackModes?: () => Partial<StackModes>;
  readonly env?: () => ServiceVariables;
  readonly record: (stack: TestStack) => Promise<FlowRun>;
}

export interface FlowRun {
  readonly run: RecordedRun;
  /** Whole regions by name; the others are lines of the log. */
  readonly regions?: PageSource["regions"];
  /** The trace in the flow's picture. Default the longest, because the others fetch documents. */
  readonly traceId?: string;
}

/**
 * Tests a page of the walk-through against real runs, one after the other. A flow whose picture the
 * page shows, `walkthrough-<flow>.png`, has its trace drawn. `UPDATE_DOCS=1` first writes the page
 * from the runs.
 */
export function describePage(name: string, flows: Readonly<Record<string, Flow>>): void {
  describe(`docs/walkthrough/${name}`, () => {
    let page = readWalkthroughPage(name);
    let renewed: ReturnType<typeof page.from>;
    const sources: Record<string, PageSource> = {};
    let stack: TestStack | undefined;
    afterAll(() => stack?.stop());

    beforeAll(async () => {
      for (const [flow, { modes, stackModes, env, record }] of Object.entries(flows)) {
        stack = await startStack({ modes: stackModes?.() ?? modes, env: env?.() ?? {} });
        const { run, regions = {}, traceId } = await record(stack);
        sources[flow] = { log: run.log, regions };
        const picture = `walkthrough-${flow}`;
        if (IS_UPDATE && page.text.includes(`/${picture}.png)`))
          await takeTracePicture(stack, traceId ?? longestTrace(run), picture);
        await stack.stop();
        stack = undefined;
      }
      renewed = page.from(sources);
      if (!IS_UPDATE) return;
      writeWalkthroughPage(page, renewed.text);
      page = readWalkthroughPage(name);
    }, 300_000);

    test("shows the content of real runs, with consistent keys and ids", () => {
      expect(renewed.problems).toEqual([]);
      const made = Object.values(sources).flatMap(({ regions }) => Object.values(regions));
      expect(made.filter((text) => NO_VALUE.test(text))).toEqual([]);
      expect(canonical(page.text)).toBe(canonical(renewed.text));
    });

    test("has no key, id or time outside of what comes from the runs", () => {
      const inRegions = page.regions.map(({ body }) => body).join("\n");
      const known = new Set(runValues(inRegions).map(({ text }) => text));
      expect(runValues(page.prose).filter(({ text }) => !known.has(text))).toEqual([]);
    });

    test("names commands that exist, and one that starts the recorded demo of each flow", () => {
      const commands = commandsOf(page.text);
      expect(commands.map(problemOf).filter((problem) => problem !== undefined)).toEqual([]);
      const started = commands.filter(isDemo).map(demoModes);
      for (const { modes } of Object.values(flows))
        expect(started).toContainEqual(expect.objectContaining(modes));
    });

    test("names files that are there", () => {
      expect(missingFiles(page.text)).toEqual([]);
    });
  });
}

function longestTrace({ traces }: RecordedRun): string {
  const sizes = [...traces].map(([id, trace]) => [id, readJaegerSpans(trace).length] as const);
  return sizes.sort((one, other) => other[1] - one[1])[0]![0];
}
