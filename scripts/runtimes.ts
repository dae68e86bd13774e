import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { packPackages } from "./build-packages.ts";
import { REPOSITORY_ROOT } from "./demo/stack.ts";
import { installPacked } from "./install-packed.ts";
import { INTEROP_CACHE, installFrozen, type Log } from "./pinned-packages.ts";

const SOURCES = `${REPOSITORY_ROOT}tests/runtimes/`;

/** Installs Next, which is built and started only by `npm run test:long -- runtimes`. */
export async function installNext(_env: NodeJS.ProcessEnv, log: Log) {
  const packages = { what: "Next", prefix: "next-", sources: `${SOURCES}next/` };
  const installed = await installFrozen(packages, log);
  return typeof installed === "string" ? installed : { NEXT_UNDER_TEST: installed.folder };
}

/**
 * Installs the frameworks and runtimes that the gates are attacked on, below `.cache`, and beside
 * them the packages as they are packed, with the servers that import them.
 */
export async function installRuntimes(_env: NodeJS.ProcessEnv, log: Log) {
  const packages = { what: "frameworks and runtimes", prefix: "runtimes-", sources: SOURCES };
  const installed = await installFrozen(packages, log);
  if (typeof installed === "string") return installed;
  const folder = `${INTEROP_CACHE}runtimes-packed`;
  const tarballs = `${folder}-tarballs`;
  await Promise.all([folder, tarballs].map((old) => rm(old, { recursive: true, force: true })));
  log("Packing the packages…");
  await installPacked(process.execPath, folder, await packPackages(tarballs));
  await cp(`${SOURCES}servers`, join(folder, "servers"), { recursive: true });
  return { RUNTIMES_UNDER_TEST: installed.folder, INSTALLED_PACKAGES: folder };
}
