import { mkdtemp, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** The part of rolldown that is used here; only the package has it installed. */
interface Rolldown {
  rolldown(options: {
    readonly input: string;
    readonly platform: "browser";
    readonly resolve: { readonly conditionNames: readonly string[] };
  }): Promise<{
    generate(options: {
      readonly format: "esm";
    }): Promise<{ readonly output: readonly [{ readonly code: string }] }>;
    close(): Promise<void>;
  }>;
}

const LIBRARY = new URL("../../packages/aauth/package.json", import.meta.url);

/** Options for serving a worker. */
export interface WorkerOptions {
  readonly bindings?: Readonly<Record<string, string>>;
  /** Ports of the isolates, which run one module and share Durable Objects. */
  readonly ports: readonly number[];
  /**
   * Folder of the objects of the module's class `StoreObject`, bound as `STORES`. Default: no
   * objects.
   */
  readonly objects?: string | undefined;
}

/**
 * Bundles a Workers module like its tools, with their conditions, and writes the configuration of a
 * `workerd` that serves it.
 *
 * @returns path of the configuration
 */
export async function bundleWorker(input: string, options: WorkerOptions): Promise<string> {
  const code = await bundle(input, ["workerd", "worker", "browser", "import"]);
  const folder = await mkdtemp(join(tmpdir(), "workerd-"));
  await writeFile(join(folder, "worker.js"), code);
  const config = join(folder, "config.capnp");
  await writeFile(config, configOf(options));
  return config;
}

/** Bundles a module with all its imports, by these conditions. */
export async function bundle(input: string, conditionNames: readonly string[]): Promise<string> {
  const resolved = createRequire(LIBRARY).resolve("rolldown");
  const { rolldown }: Rolldown = await import(/* @vite-ignore */ pathToFileURL(resolved).href);
  const build = await rolldown({ input, platform: "browser", resolve: { conditionNames } });
  const { output } = await build.generate({ format: "esm" });
  await build.close();
  return output[0].code;
}

/** Without `nodejs_compat`, and with access to the parties' loopback. */
const configOf = (options: WorkerOptions) => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    ${options.ports.map((_port, index) => serviceOf(options, index)).join("\n    ")}
    ${options.objects === undefined ? "" : `(name = "disk", disk = (path = "${options.objects}", writable = true)),`}
    (name = "internet", network = (allow = ["private", "local", "public"])),
  ],
  sockets = [${options.ports.map(socketOf)}],
);
`;

const socketOf = (port: number, index: number) =>
  `(name = "http ${index}", address = "127.0.0.1:${port}", http = (), service = "worker ${index}")`;

const serviceOf = ({ bindings = {}, objects }: WorkerOptions, index: number) => `(
      name = "worker ${index}",
      worker = (
        modules = [(name = "worker", esModule = embed "worker.js")],
        bindings = [${[...Object.entries(bindings).map(textBinding), ...(objects === undefined ? [] : [OBJECTS])]}],
        ${objects !== undefined && index === 0 ? NAMESPACE : ""}
        compatibilityDate = "2026-10-01",
      )
    ),`;

const textBinding = ([name, text]: readonly [string, string]) =>
  `(name = "${name}", text = ${JSON.stringify(text)})`;

const OBJECTS = `(
          name = "STORES",
          durableObjectNamespace = (className = "StoreObject", serviceName = "worker 0"),
        )`;

/** The objects live in the first isolate. */
const NAMESPACE = `durableObjectNamespaces = [
          (className = "StoreObject", uniqueKey = "stores", enableSql = true),
        ],
        durableObjectStorage = (localDisk = "disk"),`;
