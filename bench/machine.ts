import { availableParallelism, cpus, loadavg, platform, release, totalmem } from "node:os";

const GIB = 2 ** 30;

/** The machine in one line: figures mean nothing without it. */
export function machineLine(): string {
  const model = cpus()[0]?.model.trim() || "unknown processor";
  const cores = availableParallelism();
  const memory = `${Math.round(totalmem() / GIB)} GiB`;
  return `${model}, ${cores} cores, ${memory}; ${platform()} ${release()}; Node ${process.version}`;
}

/** A warning when others use the machine as well, or undefined. */
export function busyMachineLine(): string | undefined {
  const [lastMinute = 0] = loadavg();
  const cores = availableParallelism();
  // A quiet machine still has the trace of what started this.
  if (lastMinute < cores * 0.75) return undefined;
  return `The machine is busy (load ${lastMinute.toFixed(1)} on ${cores} cores): the figures are not to be quoted.`;
}
