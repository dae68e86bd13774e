/**
 * `npm run doctor`: what works on this machine and what to do about what does not, one line each. Exits with 1 when `npm run demo`
 * would not work; what only other commands need is a note.
 *
 * @module
 */

import { ConfigError, HelpRequested, loadConfig, visibleText } from "agent-kit/service";
import type { Finding } from "./doctor/finding.ts";
import { memoryFinding, nodeFinding } from "./doctor/machine.ts";
import { nameFindings } from "./doctor/names.ts";
import { portFindings } from "./doctor/ports.ts";
import { browserFinding, dockerFinding, programFindings } from "./doctor/programs.ts";

const MARKS: Readonly<Record<Finding["verdict"], string>> = { ok: "ok  ", note: "note", problem: "PROBLEM" };
const MARK_WIDTH = 8;
const SUBJECT_WIDTH = 13;

const HELP = `npm run doctor

Looks at this machine and at the settings that \`npm run demo\` would take from the environment and from .env, and prints a line for each:
  ok       works
  PROBLEM  stands in the way of \`npm run demo\`, with what to do about it; the exit status is then 1
  note     is missing or occupied, and needed only for what the line names
Changes nothing, starts nothing, and takes some seconds. Takes no flags but --help.`;

const early = answerToArguments(process.argv.slice(2));
if (early !== undefined) process.exit(early);

const [names, ports, docker, programs] = await Promise.all([
  nameFindings(),
  portFindings(),
  dockerFinding(),
  programFindings(),
]);
const findings = [nodeFinding(), memoryFinding(), ...names, ...ports, browserFinding(), docker, ...programs];
for (const { verdict, subject, text } of findings) {
  console.log(visibleText(`${MARKS[verdict].padEnd(MARK_WIDTH)}${subject.padEnd(SUBJECT_WIDTH)}${text}`));
}
const problems = findings.filter(({ verdict }) => verdict === "problem").length;
console.log(
  problems === 0
    ? "\n`npm run demo` works here."
    : `\n${problems === 1 ? "One problem stands" : `${problems} problems stand`} in the way of \`npm run demo\`.`,
);
process.exitCode = problems === 0 ? 0 : 1;

/** Exit status of a call that asks for help or has wrong arguments; undefined for the usual one. */
function answerToArguments(argv: readonly string[]): number | undefined {
  try {
    loadConfig({ service: "doctor", settings: {}, env: {}, argv });
    return undefined;
  } catch (error) {
    if (error instanceof HelpRequested) {
      console.log(HELP);
      return 0;
    }
    if (!(error instanceof ConfigError)) throw error;
    console.error(error.message);
    return 2;
  }
}
