/**
 * `npm run doctor`: a line for each part of this machine, with a remedy if it does not work. Exits
 * with 1 if `npm run demo` would not work; requirements of other commands are notes.
 *
 * @module
 */

import { visibleText } from "agent-kit/service";
import type { Finding } from "./doctor/finding.ts";
import { memoryFinding, nodeFinding } from "./doctor/machine.ts";
import { nameFindings } from "./doctor/names.ts";
import { portFindings } from "./doctor/ports.ts";
import { browserFinding, dockerFinding, programFindings } from "./doctor/programs.ts";
import { stateFindings } from "./doctor/state.ts";

const MARKS: Readonly<Record<Finding["verdict"], string>> = { ok: "ok  ", note: "note", problem: "PROBLEM" };
const MARK_WIDTH = 8;
const SUBJECT_WIDTH = 13;

const [names, ports, docker, programs] = await Promise.all([
  nameFindings(),
  portFindings(),
  dockerFinding(),
  programFindings(),
]);
const findings = [
  nodeFinding(),
  memoryFinding(),
  ...names,
  ...ports,
  ...stateFindings(),
  browserFinding(),
  docker,
  ...programs,
];
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
