/**
 * `healthy.ts URL`: exits with 0 when the URL answers 2xx. For health checks in images without
 * curl.
 */

const [url = ""] = process.argv.slice(2);
const ANSWER_LIMIT_MS = 4000;

try {
  const { ok } = await fetch(url, { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) });
  process.exitCode = ok ? 0 : 1;
} catch {
  process.exitCode = 1;
}
