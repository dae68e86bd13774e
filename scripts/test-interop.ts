/**
 * `npm run test:interop`: our services beside independent peers.
 *
 * @module
 */

import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { publishedExtensionForTests } from "./keycloak/start-for-tests.ts";
import { demoForInterop } from "./python-for-interop.ts";
import { runParts } from "./run-parts.ts";
import { prepareAll, type VitestPart } from "./run-vitest.ts";
import { INTEROP_PARTS } from "./test-parts.ts";

const HELP = `  PART            interop (embedded auth server), interop-keycloak (Keycloak with our provider); default all
                  interop-draft-11, interop-draft-11-rust (peers of draft -11)
  --demo PATH     the swaps with the services of a checkout of the published demo
  --keycloak PATH the swaps with the Keycloak in this folder, which has the published extension in providers
  --gateway PATH  the swaps behind this program, which reads agentgateway/config.yaml
  --record        writes the verdicts to tests/interop/results.json instead of comparing them
`;
const MATRIX = ["--project", "interop", "tests/interop/matrix.test.ts"];

const FLAGS = {
  demo: { type: "string" },
  keycloak: { type: "string" },
  gateway: { type: "string" },
  record: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

const given = readFlags();
if (given?.values.help) process.stdout.write(HELP);
else if (given) await runParts("npm run test:interop", parts(given.values), given.positionals);

function readFlags() {
  try {
    return parseArgs({ allowPositionals: true, options: FLAGS });
  } catch (error) {
    console.error(`npm run test:interop: ${(error as Error).message}`);
    process.exitCode = 2;
    return undefined;
  }
}

function parts(flags: NonNullable<ReturnType<typeof readFlags>>["values"]) {
  const { demo, keycloak, gateway, record } = flags;
  const fromHere = (path: string) => resolve(process.env.INIT_CWD || ".", path);
  const env = {
    ...(record && { INTEROP_RECORD: "1" }),
    ...(gateway && { GATEWAY_UNDER_TEST: fromHere(gateway) }),
  };
  const extension = keycloak && publishedExtensionForTests(fromHere(keycloak));
  const withFlags = (part: VitestPart): VitestPart => ({
    ...part,
    ...((demo ?? gateway ?? keycloak) && { tests: MATRIX }),
    env,
    prepare: prepareAll(
      part.prepare!,
      async (ours, log) => (demo === undefined ? {} : demoForInterop(fromHere(demo), ours, log)),
      async (ours, log) => (extension ? extension.prepare(ours, log) : {}),
    ),
    ...(extension && { close: extension.close }),
  });
  const { interop, "interop-keycloak": withKeycloak, ...draft11 } = INTEROP_PARTS;
  return {
    interop: withFlags(interop),
    ...(!keycloak && { "interop-keycloak": withFlags(withKeycloak) }),
    ...(!(demo ?? gateway ?? keycloak) && draft11),
  };
}
