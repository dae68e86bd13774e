import { existsSync, readFileSync } from "node:fs";
import { HelpRequested, loadConfig, type Settings } from "agent-kit/service";
import { readDemoSettings } from "../../scripts/demo/demo-settings.ts";
import { REPOSITORY_ROOT, type StackModes } from "../../scripts/demo/stack.ts";

/** A command that a page tells the reader to run: variables, then words. */
export interface ShownCommand {
  readonly line: string;
  readonly env: Readonly<Record<string, string>>;
  readonly words: readonly string[];
}

const PROGRAM = /^(?:[A-Z_]+=\S* +)*(?:npm|npx|docker|curl)\b/;

/** Commands in the page's blocks and between its back-ticks. */
export function commandsOf(page: string): ShownCommand[] {
  const blocks = [...page.matchAll(/^```(?:sh)?\n([\s\S]*?)\n```$/gm)].flatMap(([, body]) =>
    body!.replace(/\\\n\s*/g, "").split("\n"),
  );
  const inline = [...page.replace(/^```[\s\S]*?^```$/gm, "").matchAll(/`([^`\n]+)`/g)].map(
    ([, text]) => text!,
  );
  return [...blocks, ...inline]
    .filter((line) => PROGRAM.test(line))
    .map((line) => {
      const words = line.match(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g)!.map((word) => word.replace(/['"]/g, ""));
      const first = words.findIndex((word) => !/^[A-Z_]+=/.test(word));
      const env = Object.fromEntries(words.slice(0, first).map((word) => word.split("=", 2)));
      return { line, env, words: words.slice(first) };
    });
}

/** What the demo would be started with. */
export function demoModes({ env, words }: ShownCommand): StackModes {
  return readDemoSettings(env, words.slice(words.indexOf("--") + 1 || words.length)).modes;
}

export function isDemo({ words }: ShownCommand): boolean {
  return words.slice(0, 3).join(" ") === "npm run demo";
}

export function isCompose({ words }: ShownCommand): boolean {
  return words[0] === "docker";
}

/** What is wrong with a command: no such script, flag, package, file or variable. Commands that are run elsewhere are not run here. */
export async function problemOf(command: ShownCommand): Promise<string | undefined> {
  const { words, env, line } = command;
  const [program, verb, name = ""] = words;
  // An ellipsis stands for flags named before.
  if (line.includes("…")) return undefined;
  if (program === "npm") {
    const scripts = manifest("package.json").scripts ?? {};
    if (verb === "test") return undefined;
    if (verb !== "run" || !(name in scripts)) return `there is no script ${name}`;
    if (name === "demo") return attempt(() => demoModes(withoutForeignParts(command)));
    if (name === "delegate") return flagsProblem("delegate-agent", words.slice(words.indexOf("--") + 1));
    return missingFile(words.slice(3));
  }
  if (program === "npx") {
    const service = words[words.indexOf("--filter") + 1]!;
    const script = words[words.indexOf("--filter") + 2]!;
    if (!(script in (manifest(`services/${service}/package.json`).scripts ?? {})))
      return `${service} has no ${script}`;
    return flagsProblem(service, words.slice(words.indexOf("--filter") + 3));
  }
  if (program === "docker") {
    const files = words.filter((_word, index) => words[index - 1] === "-f");
    const text = ["docker-compose.yml", ...files].map((file) => read(file) ?? "").join("\n");
    const lost = files.find((file) => read(file) === undefined);
    if (lost !== undefined) return `there is no file ${lost}`;
    const unknown = Object.keys(env).find((variable) => !text.includes(`\${${variable}`));
    return unknown === undefined ? undefined : `no compose file uses ${unknown}`;
  }
  return undefined;
}

/** Paths of files and folders that the page names between back-ticks and that are not there. */
export function missingFiles(page: string): string[] {
  const folders = "agentgateway|bench|docs|docker|keycloak|packages|scripts|services|tests|ui";
  const named = page.matchAll(new RegExp(`\`((?:${folders})/[\\w./-]+)\``, "g"));
  const java = page.matchAll(/`([\w/-]+\.java)`/g);
  return [...named, ...java].map(([, file]) => file!).filter((file) => !existsSync(REPOSITORY_ROOT + file));
}

function manifest(path: string): { scripts?: Record<string, string> } {
  return JSON.parse(read(path) ?? "{}") as { scripts?: Record<string, string> };
}

function read(path: string): string | undefined {
  return existsSync(REPOSITORY_ROOT + path) ? readFileSync(REPOSITORY_ROOT + path, "utf8") : undefined;
}

/** Whether Keycloak or Agentgateway can be started is for the machine to say, and no matter of the page. */
function withoutForeignParts({ line, env, words }: ShownCommand): ShownCommand {
  const kept = words.filter(
    (word, index) =>
      !["--gateway", "--auth-server"].some((flag) => word === flag || words[index - 1] === flag),
  );
  return { line, env, words: kept };
}

async function flagsProblem(service: string, argv: readonly string[]): Promise<string | undefined> {
  const { settings } = (await import(`${REPOSITORY_ROOT}services/${service}/src/config.ts`)) as {
    settings: Settings;
  };
  return attempt(() => loadConfig({ service, settings, env: {}, argv: [...argv] }));
}

function attempt(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof HelpRequested ? undefined : (error as Error).message;
  }
}

/** Of a page's own making, such as its `my-policy.yaml`: not in a folder of ours. */
function missingFile(words: readonly string[]): string | undefined {
  const file = words.find(
    (word) => /^[\w.-]*\/?[\w/-]+\.\w+$/.test(word) && word.includes("/") && read(word) === undefined,
  );
  return file === undefined ? undefined : `there is no file ${file}`;
}
