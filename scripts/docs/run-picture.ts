/**
 * The recording of a run that the README shows: each message of the recorded run of the demo's
 * default mode. `npm run check -- --write` draws it, and
 * `UPDATE_DOCS=1 npm run test:all -- walkthrough` records the run again.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { readProtocolRun } from "aauth-explain/run";
import { traceOf } from "../../ui/src/features/compare/recording.ts";
import { pictureOfRun } from "../../ui/src/features/take-along/pictures.ts";
import { REPOSITORY_ROOT } from "../demo/stack.ts";

const RECORDED = "ui/src/features/compare/recorded/autonomous.json";

export function runPicture(): string {
  const run = readProtocolRun([traceOf(JSON.parse(readFileSync(`${REPOSITORY_ROOT}${RECORDED}`, "utf8")))]);
  return pictureOfRun(run, `Drawn by scripts/docs/run-picture.ts from ${RECORDED}.`);
}
