import { beforeEach, vi } from "vitest";

/** A stack of containers takes minutes to start on a busy machine. */
const START_LIMIT_MS = 480_000;

/**
 * Call this before importing a test file that is meant for processes, because its stack starts more
 * slowly in containers.
 *
 * @param reasons by the name of a test, why it cannot run with the available containers
 */
export function throughContainers(reasons: Readonly<Record<string, string | false>> = {}): void {
  vi.setConfig({ hookTimeout: START_LIMIT_MS });
  beforeEach(({ task, skip }) => {
    const reason = reasons[task.name];
    if (reason) skip(reason);
  });
}
