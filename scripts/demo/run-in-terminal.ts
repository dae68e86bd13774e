import { visibleLines, watchParent } from "agent-kit/service";
import type { ServiceDescription } from "./describe-stack.ts";
import { LogLines, wantsColour } from "./log-lines.ts";
import { PortsTakenError, type RunningStack, runStack, ServiceDiedError } from "./run-stack.ts";
import type { StartedService } from "./service-process.ts";

class StopRequested extends Error {}

/**
 * Ctrl-C reaches this process from the terminal and, a moment later, from the bootstrap. Within
 * this time both are one request.
 */
const SAME_SIGNAL_MS = 500;

/**
 * Runs services until Ctrl-C, SIGTERM, SIGHUP or the parent's death, and resolves with the exit
 * status: 0 after a requested stop, 1 if a port was taken, or if a service died and could not be
 * restarted. A second signal ends everything at once.
 */
export async function runInTerminal(
  services: readonly ServiceDescription[],
  options: {
    whenReady: (stack: RunningStack) => string | Promise<string>;
    /** Reason why ports are taken, printed instead of their list. Default: unknown. */
    whyPortsTaken?: () => Promise<string | undefined>;
    /** As for `runStack`. */
    otherPorts?: readonly number[];
  },
): Promise<number> {
  const log = new LogLines(
    services.map(({ name }) => name),
    {
      sink: process.stdout,
      colour: wantsColour(process.stdout, process.env),
      // Undefined if the output is not a terminal: in a file lines are not broken.
      columns: () => process.stdout.columns,
    },
  );
  const stopRequest = new AbortController();
  const started: StartedService[] = [];
  let stoppingSince = 0;
  const requestStop = () => {
    if (stopRequest.signal.aborted) {
      if (performance.now() - stoppingSince < SAME_SIGNAL_MS) return;
      // Speeds up the stop in progress; no process remains.
      for (const running of started) running.kill();
    } else {
      stoppingSince = performance.now();
      stopRequest.abort(new StopRequested());
    }
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, requestStop);
  watchParent(() => stopRequest.signal.aborted || requestStop());

  console.log(`Starting ${services.length} services…`);
  let stack: RunningStack | undefined;
  try {
    stack = await runStack(services, {
      log,
      signal: stopRequest.signal,
      onStart: (running) => started.push(running),
      otherPorts: options.otherPorts ?? [],
      restart: true,
    });
    process.stdout.write(await Promise.race([options.whenReady(stack), stack.failed]));
    const stopped = new Promise<void>((resolve) => {
      if (stopRequest.signal.aborted) resolve();
      stopRequest.signal.addEventListener("abort", () => resolve());
    });
    await Promise.race([stopped, stack.failed]);
    console.log("Stopping…");
    const stragglers = await stack.stop();
    if (stragglers.length > 0) console.log(`Ended by force: ${stragglers.join(", ")}.`);
    console.log("Stopped.");
    return 0;
  } catch (error) {
    await stack?.stop();
    if (error instanceof StopRequested) {
      console.log("Stopped before everything was ready.");
      return 0;
    }
    if (!(error instanceof PortsTakenError || error instanceof ServiceDiedError)) throw error;
    const reason = error instanceof PortsTakenError ? await options.whyPortsTaken?.() : undefined;
    console.error(visibleLines(`\n${reason ?? error.message}`));
    if (error instanceof ServiceDiedError) console.error("The other services were stopped.");
    return 1;
  }
}
