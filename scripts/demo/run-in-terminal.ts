import { visibleLines, watchParent } from "agent-kit/service";
import { aborted } from "./aborted.ts";
import type { DemoModes } from "./demo-modes.ts";
import type { ServiceDescription } from "./describe-stack.ts";
import { LogLines } from "./log-lines.ts";
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
    /** Modes beside the services, which stop with them. Default: none. */
    modes?: DemoModes;
  },
): Promise<number> {
  const { modes } = options;
  const log = LogLines.ofTerminal(services);
  const stopRequest = new AbortController();
  const started: StartedService[] = [];
  let stoppingSince = 0;
  const requestStop = () => {
    if (stopRequest.signal.aborted) {
      if (performance.now() - stoppingSince < SAME_SIGNAL_MS) return;
      // Speeds up the stop in progress; no process remains.
      for (const running of started) running.kill();
      modes?.kill();
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
    await Promise.race([aborted(stopRequest.signal), stack.failed]);
    console.log("Stopping…");
    const [stragglers] = await Promise.all([stack.stop(), modes?.stopAll()]);
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
    if (modes !== undefined && modes.names.length > 0) {
      console.error(`Still running: ${modes.names.join(", ")}. Stop with Ctrl-C.`);
      await Promise.race([aborted(stopRequest.signal), modes.ended()]);
      await modes.stopAll();
    }
    return 1;
  }
}
