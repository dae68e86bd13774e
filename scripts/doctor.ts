/**
 * `npm run doctor`: what works on this machine and what to do about what does not, one line each. Exits with 1 when `npm run demo`
 * would not work; what only other commands need is a note.
 *
 * @module
 */

import type { Finding } from "./doctor/finding.ts";
import { clockFinding, diskFinding, memoryFinding, nodeFinding } from "./doctor/machine.ts";
import { nameFindings } from "./doctor/names.ts";
import { portFindings } from "./doctor/ports.ts";
import { browserFinding, dockerState, programFindings } from "./doctor/programs.ts";

const MARKS: Readonly<Record<Finding["verdict"], string>> = { ok: "ok  ", note: "note", problem: "PROBLEM" };
const MARK_WIDTH = 8;
const SUBJECT_WIDTH = 13;

const [names, ports, programs, docker, disk] = await Promise.all([
  nameFindings(),
  portFindings(),
  programFindings(),
  dockerState(),
  diskFinding(),
]);
const findings = [
  nodeFinding(),
  memoryFinding(),
  disk,
  clockFinding(Date.now(), docker.systemMs),
  ...names,
  ...ports,
  browserFinding(),
  ...docker.findings,
  ...programs,
];
for (const { verdict, subject, text } of findings) {
  console.log(`${MARKS[verdict].padEnd(MARK_WIDTH)}${subject.padEnd(SUBJECT_WIDTH)}${text}`);
}
const problems = findings.filter(({ verdict }) => verdict === "problem").length;
console.log(
  problems === 0
    ? "\n`npm run demo` works here."
    : `\n${problems === 1 ? "One problem stands" : `${problems} problems stand`} in the way of \`npm run demo\`.`,
);
process.exitCode = problems === 0 ? 0 : 1;
