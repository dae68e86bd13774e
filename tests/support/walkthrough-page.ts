import { readFileSync, writeFileSync } from "node:fs";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { fillLines } from "./walkthrough-lines.ts";

const FOLDER = `${REPOSITORY_ROOT}docs/walkthrough/`;
const REGION = /^<!-- run:([\w-]+\/[\w-]+) -->\n([\s\S]*?)\n<!-- \/run -->$/gm;
const FENCE = /^```\w*\n([\s\S]*?)\n```$/;

/**
 * A part of a page that comes from a run: `<!-- run:FLOW/NAME -->`, one block, `<!-- /run -->`.
 */
export interface PageRegion {
  /** `FLOW/NAME` */
  readonly name: string;
  /** With its fences. */
  readonly body: string;
}

/** Parts of a flow's run that a page contains. */
export interface PageSource {
  /** Lines `service | line`, with the demo's ports. */
  readonly log: string;
  /** Whole regions by name. Every other region of a flow is lines of the log. */
  readonly regions: Readonly<Record<string, string>>;
}

/** A page of the walk-through. */
export interface WalkthroughPage {
  readonly name: string;
  readonly text: string;
  readonly regions: readonly PageRegion[];
  /** The page without its regions: its hand-written text. */
  readonly prose: string;
  /**
   * The page rendered from other runs, by flow. Problems are lines and regions that a run does not
   * have.
   */
  from(sources: Readonly<Record<string, PageSource>>): { text: string; problems: string[] };
}

export function readWalkthroughPage(name: string): WalkthroughPage {
  const text = readFileSync(FOLDER + name, "utf8");
  const regions = [...text.matchAll(REGION)].map(([, region, body]) => ({ name: region!, body: body! }));
  return {
    name,
    text,
    regions,
    prose: text.replace(REGION, ""),
    from(sources) {
      const flows = Object.entries(sources);
      const made = new Map(
        flows.flatMap(([flow, source]) =>
          Object.entries(source.regions).map(([region, block]) => [`${flow}/${region}`, block]),
        ),
      );
      const problems = [...made.keys()]
        .filter((region) => !regions.some((shown) => shown.name === region))
        .map((region) => `the page has no region ${region}`);
      // A service's lines continue from block to block of a flow.
      const fill = new Map(flows.map(([flow, { log }]) => [flow, fillLines(log)]));
      const renewed = text.replace(REGION, (_all, region: string, body: string) => {
        const ofFlow = fill.get(region.split("/", 1)[0]!) ?? fillLines("");
        return `<!-- run:${region} -->\n${made.get(region) ?? fillBlock(body, ofFlow, problems)}\n<!-- /run -->`;
      });
      return { text: renewed, problems };
    },
  };
}

export function writeWalkthroughPage({ name }: WalkthroughPage, text: string): void {
  writeFileSync(FOLDER + name, text);
}

function fillBlock(body: string, fill: (line: string) => string | undefined, problems: string[]): string {
  const lines = FENCE.exec(body)?.[1]?.split("\n");
  if (lines === undefined) {
    problems.push(`no region of the run, and no fenced block: ${body}`);
    return body;
  }
  const filled = lines.map((line) => {
    const real = fill(line);
    if (real === undefined) problems.push(`not in the log: ${line}`);
    return real ?? line;
  });
  return body.replace(FENCE, (all, shown: string) => all.replace(shown, () => filled.join("\n")));
}
