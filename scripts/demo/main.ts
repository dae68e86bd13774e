/**
 * `npm run demo`: the whole stack in one terminal and, except for the delegate and third-party
 * programs, in one process.
 *
 * @module
 */

import { resolve } from "node:path";
import { ConfigError, HelpRequested } from "agent-kit/settings";
import { describeReplicas } from "../replicas/describe-replicas.ts";
import { prepareReplicas } from "../replicas/prepare-replicas.ts";
import { alreadyRunning } from "./already-running.ts";
import { DEMO_DIALECTS } from "./demo-dialect.ts";
import { DemoModes } from "./demo-modes.ts";
import { type DemoSettings, readDemoSettings } from "./demo-settings.ts";
import { describeStack, leaveOut, type ServiceDescription } from "./describe-stack.ts";
import {
  hasState,
  keptWork,
  keptWorkOfReplicas,
  markState,
  OtherModeError,
  removeState,
  requireOwnState,
} from "./kept-state.ts";
import { startLauncher } from "./launcher.ts";
import { prepareHost } from "./prepare-host.ts";
import { runInTerminal } from "./run-in-terminal.ts";
import { DEMO_MODES, REPOSITORY_ROOT, stackUrls, stateFolders } from "./stack.ts";
import { unavailablePorts } from "./taken-ports.ts";
import { welcomeText } from "./welcome.ts";

process.exit(await main());

async function main(): Promise<number> {
  let demo: DemoSettings;
  let services: readonly ServiceDescription[];
  let continues: () => Promise<string | undefined>;
  try {
    demo = readDemoSettings(process.env, process.argv.slice(2));
    ({ services, continues } = await prepare(demo));
  } catch (error) {
    if (error instanceof HelpRequested) {
      console.log(error.text);
      return 0;
    }
    if (!(error instanceof ConfigError || error instanceof OtherModeError)) throw error;
    console.error(`${error.message}\n  npm run demo -- --help lists all flags.`);
    return 2;
  }
  const { ports, modes, processes, without, isBeside } = demo;
  const urls = stackUrls(ports);
  const isSwap = modes.publishedPeers !== undefined;
  const otherModes = processes ? undefined : new DemoModes(demo);
  if (!processes) await prepareHost();
  const reason = whyNoPress(demo);
  const launcher = otherModes && reason === undefined ? await startLauncher(otherModes) : undefined;
  // For the page of each mode in this process.
  process.env.UI_LAUNCHER_URL = launcher?.url ?? "";
  process.env.UI_NO_LAUNCHER = reason ?? "";
  return runInTerminal(
    processes ? services.map((service) => ({ ...service, hosted: undefined })) : services,
    {
      whenReady: async (stack) => {
        markState(ports, modes);
        return isBeside
          ? `\nReady: ${services.map(({ name }) => name).join(", ")}. Stop with Ctrl-C.\n\n`
          : welcomeText(ports, modes, {
              readyAfterMs: stack.readyAfterMs,
              leftOut: without,
              owners: process.env.ACCESS_SERVER_OWNERS,
              continues: await continues(),
              secret: launcher?.secret,
            });
      },
      whyPortsTaken: async () => {
        // The published backend answers like ours.
        const reason = isSwap || isBeside ? undefined : await alreadyRunning(urls);
        return (
          reason &&
          `${capitalised(reason)}. Nothing was started.\n` +
            "A second one beside it needs ports of its own: npm run demo -- --help lists their variables."
        );
      },
      otherPorts: Object.values(ports),
      ...(otherModes && { modes: otherModes }),
    },
  );
}

/** The flag or variable that other modes would not have, in words. Undefined if there is none. */
function whyNoPress({ modes, processes, replicas, without, isBeside }: DemoSettings): string | undefined {
  const alone = {
    "--processes": processes,
    "--replicas": replicas > 1,
    "--swap": modes.publishedPeers !== undefined,
    "--only": isBeside,
    "--without": without.length > 0,
    "--policy": modes.policyFile !== resolve(REPOSITORY_ROOT, DEMO_DIALECTS[modes.profile].policyFile),
    "--gateway agentgateway": modes.gatewayProgram !== undefined,
    "--traces jaeger": modes.jaegerProgram !== undefined,
    "--auth-server keycloak": modes.authServer !== DEMO_MODES.authServer,
    AAUTH_STORE: modes.store !== undefined,
    AAUTH_REPLAY_STORE: modes.replayStore !== undefined,
  };
  const [name] = Object.entries(alone).find(([, isUsed]) => isUsed) ?? [];
  return name && `This demo was started with ${name}, which other modes do not have.`;
}

/** Removes the state of earlier starts if requested, and describes the services. */
async function prepare({ ports, modes, fresh, replicas, without }: DemoSettings) {
  const services = leaveOut(describeStack(ports, modes), without);
  // Another demo may be using the files.
  if (fresh) {
    const { taken } = await unavailablePorts(describeStack(ports, modes));
    if (taken.length === 0) await removeState(ports, modes);
  }
  const isContinued = modes.store === undefined && hasState(ports, modes);
  requireOwnState(ports, modes);
  if (replicas === 1) {
    const folder = REPOSITORY_ROOT + stateFolders(ports, modes).data;
    const work = isContinued ? keptWork(folder) : undefined;
    return { services, continues: async () => work };
  }
  const shared = await prepareReplicas(ports, modes);
  // Their PostgreSQL is not started yet.
  const continues = async () => (isContinued ? keptWorkOfReplicas(shared.store) : undefined);
  return { services: describeReplicas(services, shared), continues };
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
