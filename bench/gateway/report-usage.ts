/**
 * Loaded into a program with `--import`, so that it can be measured as it is: answers its parent's questions about processor time and
 * memory, and ends when the parent is gone.
 *
 * @module
 */

import type { Usage, UsageQuestion } from "./usage.ts";

process.on("message", (question: UsageQuestion) => {
  if (question !== "usage") return;
  const { user, system } = process.cpuUsage();
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  const usage: Usage = { cpuUs: user + system, residentBytes: rss, heapBytes: heapUsed };
  process.send?.(usage);
});
process.on("disconnect", () => process.exit());
// Listening must not keep a program alive that is through.
process.channel?.unref();
