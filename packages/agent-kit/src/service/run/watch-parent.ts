/** The pid of the process that started this service, if the service must end with it. */
export const PARENT_PID_VARIABLE = "AGENT_KIT_PARENT_PID";

const POLL_MS = 500;

/**
 * Calls `onDeath` when the process that started this one has ended. It polls the parent's pid,
 * because a killed parent sends no signal. Does nothing without the variable, and does not keep the
 * process alive. Removes the variable from `env`, so that child processes do not inherit it.
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
