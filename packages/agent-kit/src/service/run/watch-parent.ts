/** The pid of the process that started this service, if the service must end with it. */
export const PARENT_PID_VARIABLE = "AGENT_KIT_PARENT_PID";

const POLL_MS = 500;

/**
 * Calls `onDeath` once the process that started this one is gone. Watches the parent's pid, because
 * a parent that was killed sends nothing. Does nothing when the variable is unset; does not keep
 * the process alive. Takes the variable out of `env`: it is about this process, and a child that
 * inherited it would take its own parent for dead.
 */
export function watchParent(onDeath: () => void, env: NodeJS.ProcessEnv = process.env): void {
  const expected = Number(env[PARENT_PID_VARIABLE] || 0);
  delete env[PARENT_PID_VARIABLE];
  if (!Number.isInteger(expected) || expected <= 0) return;
  const timer = setInterval(() => {
    if (process.ppid === expected) return;
    clearInterval(timer);
    onDeath();
  }, POLL_MS);
  timer.unref();
}
