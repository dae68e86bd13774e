import { visibleLines } from "agent-kit/service";
import { AGENT_NAMES, keyOf, LISTENERS, MODE_PORTS, MODES, type ModeName, type ModePages } from "topology";
import { aborted } from "./aborted.ts";
import { DEMO_DIALECTS, foreignSettings } from "./demo-dialect.ts";
import { type DemoSettings, readDemoSettings } from "./demo-settings.ts";
import { describeStack } from "./describe-stack.ts";
import { markState, requireOwnState } from "./kept-state.ts";
import { LogLines } from "./log-lines.ts";
import { type RunningStack, runStack, ServiceDiedError } from "./run-stack.ts";
import type { StartedService } from "./service-process.ts";
import { type StackPorts, type StackUrls, stackUrls } from "./stack.ts";

/** A mode was not started, or stopped before it was ready. */
export class ModeError extends Error {
  override readonly name = "ModeError";
  readonly code: "unknown_mode" | "mode_stopped";

  constructor(code: ModeError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

type OwnStack = Pick<DemoSettings, "ports" | "modes">;

interface StartedMode {
  readonly urls: StackUrls;
  readonly stack: Promise<RunningStack>;
  isReady: boolean;
  /** Aborted once it stops, or has failed. */
  readonly stopRequest: AbortController;
  readonly services: readonly StartedService[];
  /** Resolves when nothing of it is left. */
  readonly ended: Promise<void>;
}

/**
 * The modes that run beside the demo's own stack, in its process, which must have been prepared
 * (`prepareHost`). Each has its own ports and folder of state, and ends alone.
 */
export class DemoModes {
  readonly #own: OwnStack;
  readonly #portsOf: (name: ModeName) => StackPorts;
  readonly #started = new Map<ModeName, StartedMode>();
  #isStopped = false;

  /** @param portsOf ports of a mode. Default {@link modePorts} */
  constructor(own: OwnStack, portsOf: (name: ModeName) => StackPorts = modePorts) {
    this.#own = own;
    this.#portsOf = portsOf;
  }

  /** Modes that run, start or stop beside the demo's own. */
  get names(): readonly ModeName[] {
    return [...this.#started.keys()];
  }

  /** The pages of the demo's own mode and of those beside it that have started. */
  pages(): ModePages {
    const { ports, modes } = this.#own;
    return {
      own: { name: DEMO_DIALECTS[modes.profile].modeOf(modes), url: stackUrls(ports).ui },
      running: [...this.#started]
        .filter(([, { isReady }]) => isReady)
        .map(([name, { urls }]) => ({ name, url: urls.ui })),
    };
  }

  /**
   * Starts a mode, without a delegate, and resolves with its addresses when it is ready. A mode
   * runs at most once: calls at the same time share a start, and one that runs is not started
   * again, the demo's own included. After a failure nothing of it is left, and it can be started
   * again.
   *
   * @param name a name of the table `MODES`
   * @throws ModeError `unknown_mode`; `mode_stopped` if it or the demo stops
   * @throws PortsTakenError `ports_taken`; OtherModeError `state_of_other_mode`
   * @throws ServiceDiedError `service_died` with the last lines of the service that failed
   */
  async start(name: string): Promise<StackUrls> {
    if (!Object.hasOwn(MODES, name)) throw new ModeError("unknown_mode", "there is no such mode");
    if (this.#isStopped) throw new ModeError("mode_stopped", "the demo stops");
    const { ports, modes } = this.#own;
    if (name === DEMO_DIALECTS[modes.profile].modeOf(modes)) return stackUrls(ports);
    const mode = name as ModeName;
    let started = this.#started.get(mode);
    if (started?.stopRequest.signal.aborted) {
      await started.ended;
      return this.start(name);
    }
    started ??= this.#begin(mode);
    await started.stack;
    return started.urls;
  }

  /**
   * Stops a mode, or its start, and waits. Does nothing if it does not run beside the demo's own.
   */
  async stop(name: string): Promise<void> {
    const started = this.#started.get(name as ModeName);
    started?.stopRequest.abort(new ModeError("mode_stopped", `${name} was stopped`));
    await started?.ended;
  }

  /** Stops all modes and starts none after it. */
  async stopAll(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.names.map((name) => this.stop(name)));
  }

  /** Resolves when no mode is left. */
  async ended(): Promise<void> {
    while (this.#started.size > 0) await Promise.all([...this.#started.values()].map(({ ended }) => ended));
  }

  /** Ends the wait for services that do not close. */
  kill(): void {
    for (const { services } of this.#started.values()) for (const service of services) service.kill();
  }

  #begin(name: ModeName): StartedMode {
    const ports = this.#portsOf(name);
    const services: StartedService[] = [];
    const stopRequest = new AbortController();
    const run = async () => {
      const modes = {
        ...readDemoSettings({}, MODES[name].flags).modes,
        delegate: false,
        showTokens: this.#own.modes.showTokens,
      };
      requireOwnState(ports, modes);
      const others = foreignSettings(modes.profile).map(({ variable }) => [variable, undefined]);
      const descriptions = describeStack(ports, modes);
      const stack = await runStack(
        // Its ports are constant, so no variable is proposed for them.
        descriptions.map((service) => ({
          ...service,
          ports: service.ports.map(({ port, purpose }) => ({ port, purpose })),
        })),
        {
          log: LogLines.ofTerminal(descriptions, name),
          baseEnv: { ...process.env, ...Object.fromEntries(others) },
          signal: stopRequest.signal,
          onStart: (service) => services.push(service),
        },
      );
      markState(ports, modes);
      return stack;
    };
    const stack = run();
    const ended = this.#follow(name, stack, stopRequest).finally(() => this.#started.delete(name));
    const started = { urls: stackUrls(ports), stack, isReady: false, stopRequest, services, ended };
    this.#started.set(name, started);
    void stack.then(
      () => {
        started.isReady = true;
      },
      () => {},
    );
    return started;
  }

  /** Reports a mode in the terminal, and stops it if a service fails. */
  async #follow(name: ModeName, stack: Promise<RunningStack>, stopRequest: AbortController): Promise<void> {
    let running: RunningStack | undefined;
    try {
      running = await stack;
      const { ui } = stackUrls(this.#portsOf(name));
      console.log(`${name} is ready after ${(running.readyAfterMs / 1000).toFixed(1)} s: ${ui}`);
      await Promise.race([running.failed, aborted(stopRequest.signal)]);
    } catch (error) {
      if (!stopRequest.signal.aborted) {
        const reason = error instanceof ServiceDiedError ? `${error.summary}.` : (error as Error).message;
        console.error(visibleLines(`${name}: ${reason}\nThis mode is stopped, the others continue.`));
        stopRequest.abort(error);
      }
    }
    const stragglers = (await running?.stop()) ?? [];
    if (stragglers.length > 0) console.error(`${name}: did not close: ${stragglers.join(", ")}.`);
    if (running !== undefined) console.log(`${name} has stopped.`);
  }
}

/** The constant ports of a mode beside the demo's own. */
export function modePorts(name: ModeName): StackPorts {
  const { firstPort } = MODES[name];
  return Object.fromEntries([
    ...Object.keys(LISTENERS).map((listener, index) => [
      keyOf(listener as keyof typeof LISTENERS),
      firstPort + index,
    ]),
    // From the end, so that one more listener or agent moves no other port.
    ...AGENT_NAMES.map((agent, index) => [keyOf(agent), firstPort + MODE_PORTS - 1 - index]),
  ]) as StackPorts;
}
