import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { harText } from "./har.ts";
import { htmlText } from "./html.ts";
import { junitText } from "./junit.ts";
import type { Report } from "./report.ts";

/** Writes `results.json`, `junit.xml`, `report.html` and `exchanges.har`. */
export async function writeReport(report: Report, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await Promise.all([
    writeFile(join(folder, "results.json"), `${JSON.stringify(report, null, 1)}\n`),
    writeFile(join(folder, "junit.xml"), junitText(report)),
    writeFile(join(folder, "report.html"), htmlText(report)),
    writeFile(join(folder, "exchanges.har"), harText(report)),
  ]);
}
