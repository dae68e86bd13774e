import { mkdir, writeFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import type { BrowserContext, Page } from "playwright-core";
import { RESULTS_FOLDER } from "./screenshot.ts";

/** A page that waits for an answer may wait longer than the test run should. */
const EVIDENCE_LIMIT_MS = 10_000;

interface PageAtEnd {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly isClosed: boolean;
  readonly complaints: readonly string[];
}

/** The name parts of vitest's task. */
interface NamedTask {
  readonly name: string;
  readonly suite?: NamedTask | undefined;
  readonly file?: { readonly name: string };
}

/**
 * Saves each page when a test failed, in a folder of test-results with the test's name: picture,
 * HTML, complaints, and the record of actions since the test began, for `playwright-core
 * show-trace`. Never fails, so that the test's own failure is reported.
 */
export async function keepEvidence(pages: readonly PageAtEnd[], task: NamedTask): Promise<void> {
  const folder = `${RESULTS_FOLDER}failures/${fileName([task.file?.name, ...namesOf(task)].join(" "))}/`;
  await mkdir(folder, { recursive: true });
  for (const [index, { context, page, isClosed, complaints }] of pages.entries()) {
    const path = `${folder}page-${index + 1}`;
    const kept = [
      writeFile(`${path}.txt`, `${isClosed ? "(closed)" : page.url()}\n${complaints.join("\n")}\n`),
      ...(isClosed
        ? []
        : [
            page.screenshot({ path: `${path}.png`, fullPage: true }),
            page.content().then((html) => writeFile(`${path}.html`, html)),
            context.tracing.stopChunk({ path: `${path}.zip` }).then(() => context.tracing.startChunk()),
          ]),
    ];
    await Promise.race([Promise.allSettled(kept), pause(EVIDENCE_LIMIT_MS)]);
  }
  console.error(`What the browser showed: ${folder}`);
}

function namesOf(task: NamedTask): string[] {
  return [...(task.suite ? namesOf(task.suite) : []), task.name];
}

function fileName(text: string): string {
  return text
    .replace(/[^\w]+/g, "-")
    .replace(/^-|-$/g, "")
    .slice(0, 150);
}
