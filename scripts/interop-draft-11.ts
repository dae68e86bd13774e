import { REPOSITORY_ROOT } from "./demo/stack.ts";
import { findExecutable } from "./find-executable.ts";
import type { InteropFlags } from "./interop-flags.ts";
import {
  INTEROP_CACHE,
  installFrozen,
  type Log,
  pipInstall,
  runSteps,
  virtualEnvironment,
} from "./pinned-packages.ts";
import type { VitestPart } from "./run-vitest.ts";

const SOURCES = `${REPOSITORY_ROOT}tests/interop/draft-11/`;

/** Locations of the draft -11 peers: two Pythons, a folder with `node_modules`, and a program. */
export interface PeersOfDraft11 {
  readonly introspection: string;
  readonly regent: string;
  readonly js: string;
  /** Absent where the Rust crate is not under test. */
  readonly rust?: string;
}

/**
 * For a part of a test command: installs the pinned peers in Python and JavaScript below `.cache`.
 * A string is the reason why that failed.
 */
export async function peersOfDraft11(env: NodeJS.ProcessEnv, log: Log) {
  const peers = await install(env, log);
  return typeof peers === "string" ? peers : { PEERS_UNDER_TEST: JSON.stringify(peers) };
}

/** Like {@link peersOfDraft11}, with the Rust crate, for the tests in which it takes part. */
export async function rustPeerOfDraft11(env: NodeJS.ProcessEnv, log: Log) {
  const cargo = findExecutable("cargo", env);
  if (cargo === undefined) return "there is no cargo on the PATH";
  const peers = await install(env, log);
  if (typeof peers === "string") return peers;
  log("Building the Rust peer of draft -11…");
  const manifest = `${SOURCES}rust/Cargo.toml`;
  const target = `${INTEROP_CACHE}draft-11-rust`;
  // Does nothing if nothing has changed.
  const args = ["build", "--release", "--locked", "--manifest-path", manifest, "--target-dir", target];
  const failure = await runSteps([[cargo, ...args]]);
  if (failure !== undefined) return `the crate aauth-protocol could not be built: ${failure}`;
  const rust = `${target}/release/aauth-interop-draft-11`;
  return { PEERS_UNDER_TEST: JSON.stringify({ ...peers, rust } satisfies PeersOfDraft11) };
}

async function install(env: NodeJS.ProcessEnv, log: Log): Promise<PeersOfDraft11 | string> {
  const described = (name: string) => ({
    what: `peers of draft -11 (${name})`,
    prefix: `draft-11-${name}-`,
  });
  const withPip = (name: string) => {
    const pins = [`${SOURCES}python/${name}.txt`];
    const steps = () => [pipInstall("--requirement", pins[0]!)];
    return virtualEnvironment({ ...described(name), pins, steps }, env, log);
  };
  const introspection = await withPip("introspection");
  if (typeof introspection === "string") return introspection;
  const regent = await withPip("regent");
  if (typeof regent === "string") return regent;
  const js = await installFrozen({ ...described("js"), sources: `${SOURCES}js/` }, log);
  if (typeof js === "string") return js;
  return {
    introspection: `${introspection.bin}/python`,
    regent: `${regent.bin}/python`,
    js: js.folder,
  };
}

/** Our services beside the peers of draft -11; nothing where a flag names a peer of February's. */
export function interopOfDraft11(flags: InteropFlags): readonly VitestPart[] {
  if (Object.values(flags).some((path) => path !== undefined)) return [];
  const tests = ["--project", "interop-draft-11"];
  return [
    { with: "draft -11", tests, prepare: peersOfDraft11 },
    { with: "draft -11, Rust", tests, prepare: rustPeerOfDraft11 },
  ];
}
