/**
 * Jobs and hints for replicas, in PostgreSQL.
 *
 * @module
 */

export { openPostgresHints } from "./postgres-hints.ts";
export { openPostgresJobs } from "./postgres-jobs.ts";
