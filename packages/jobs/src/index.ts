/**
 * Work that outlives its process, and hints that a row has changed, for one process. For replicas:
 * `jobs/postgres`.
 *
 * @module
 */

export { createLocalHints, type Hints } from "./hints.ts";
export { type JobAttempt, type JobHandler, type Jobs, type JobsLog, MAX_STARTS } from "./jobs.ts";
export { createLocalJobs, type JobRow } from "./local-jobs.ts";
