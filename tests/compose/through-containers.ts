import { beforeEach, vi } from "vitest";

/** A stack of containers takes minutes to start on a busy machine. */
const START_LIMIT_MS = 480_000;

/**
 * To be called before a test file that is meant for processes is imported: its stack takes longer
 * to start here.
 *
 * @param reasons by the name of a test that cannot run with the containers at hand, why
 */
export function throughContainers(reasons: Readonly<Record<string, string | false>> = {}): void {
  vi.setConfig({ hookTimeout: START_LIMIT_MS });
  beforeEach(({ task, skip }) => {
    const reason = reasons[task.name];
    if (reason) skip(reason);
  });
}
