import { mkdtemp, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** The part of rolldown that is used here: it is installed for the package alone. */
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

/**
 * Bundles a Workers module as its tools do, by their conditions, and writes the configuration of a `workerd` that
 * serves it.
 *
 * @returns path of the configuration
 */
export async function bundleWorker(
  input: string,
  bindings: Readonly<Record<string, string>>,
  port: number,
): Promise<string> {
  const resolved = createRequire(LIBRARY).resolve("rolldown");
  const { rolldown }: Rolldown = await import(/* @vite-ignore */ pathToFileURL(resolved).href);
  const conditionNames = ["workerd", "worker", "browser", "import"];
  const build = await rolldown({ input, platform: "browser", resolve: { conditionNames } });
  const { output } = await build.generate({ format: "esm" });
  await build.close();
  const folder = await mkdtemp(join(tmpdir(), "workerd-"));
  await writeFile(join(folder, "worker.js"), output[0].code);
  const config = join(folder, "config.capnp");
  await writeFile(config, configOf(bindings, port));
  return config;
}

const textBinding = ([name, text]: readonly [string, string]) =>
  `(name = "${name}", text = ${JSON.stringify(text)})`;

/** Without `nodejs_compat`, and with the loopback of the parties within reach. */
const configOf = (
  bindings: Readonly<Record<string, string>>,
  port: number,
) => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "worker", esModule = embed "worker.js")],
      bindings = [${Object.entries(bindings).map(textBinding)}],
      compatibilityDate = "2026-10-01",
    )),
    (name = "internet", network = (allow = ["private", "local", "public"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
`;
