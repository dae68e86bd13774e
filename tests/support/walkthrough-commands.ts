import { existsSync, readFileSync } from "node:fs";
import { COMMANDS } from "../../scripts/commands.mjs";
import { readDemoSettings } from "../../scripts/demo/demo-settings.ts";
import { REPOSITORY_ROOT, type StackModes } from "../../scripts/demo/stack.ts";

/** A command that a page tells the reader to run: variables, then words. */
export interface ShownCommand {
  readonly line: string;
  readonly env: Readonly<Record<string, string>>;
  readonly words: readonly string[];
}

const PROGRAM = /^(?:[A-Z_]+=\S* +)*(?:npm run|docker)\b/;

/** Commands in the page's blocks and between its back-ticks. */
export function commandsOf(page: string): ShownCommand[] {
  // Blocks of every language, so that none begins with the end of the previous one.
  const blocks = [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    .filter(([, language]) => language === "" || language === "sh")
    .flatMap(([, , body]) => body!.replace(/\\\n\s*/g, "").split("\n"));
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

/**
 * Modes in which a command starts the demo. Keycloak and Agentgateway are omitted, because the
 * machine and not the page decides whether they can be started.
 */
export function demoModes({ env, words }: ShownCommand): StackModes {
  const flags = words.slice(words.indexOf("--") + 1 || words.length);
  const own = flags.filter(
    (word, index) =>
      !["--gateway", "--auth-server"].some((flag) => word === flag || flags[index - 1] === flag),
  );
  return readDemoSettings(env, own).modes;
}

/** Whether a command starts the demo, and not a program beside it. */
export function isDemo({ words }: ShownCommand): boolean {
  return words.slice(0, 3).join(" ") === "npm run demo" && programOf(words) === undefined;
}

/** The program that `npm run demo -- NAME` names. */
const programOf = ([, , , , name]: readonly string[]) => (name?.startsWith("-") ? undefined : name);

/**
 * Problem of a command: no such script, flag or file. Commands that run elsewhere are not run here.
 */
export function problemOf(command: ShownCommand): string | undefined {
  const { words } = command;
  if (words[0] === "npm") {
    if (!(words[2]! in scripts)) return `there is no script ${words[2]}`;
    const program = programOf(words);
    if (isDemo(command)) return attempt(() => demoModes(command));
    if (words[2] === "demo" && !(program! in COMMANDS.demo!.programs!))
      return `there is no program ${program}`;
  }
  const files = words.filter((word) => /^(?:agentgateway\/|docker-compose).*\.ya?ml$/.test(word));
  const lost = files.find((file) => !isThere(file));
  return lost === undefined ? undefined : `there is no file ${lost}`;
}

/** Paths of files and folders in the page's back-ticks that do not exist. */
export function missingFiles(page: string): string[] {
  const folders = "agentgateway|bench|docs|docker|keycloak|packages|scripts|services|tests|ui";
  const named = page.matchAll(new RegExp(`\`((?:${folders})/[\\w./-]+)\``, "g"));
  const java = page.matchAll(/`([\w/-]+\.java)`/g);
  return [...named, ...java].map(([, file]) => file!).filter((file) => !isThere(file));
}

const isThere = (path: string) => existsSync(REPOSITORY_ROOT + path);

const { scripts } = JSON.parse(readFileSync(`${REPOSITORY_ROOT}package.json`, "utf8")) as {
  scripts: Record<string, string>;
};

function attempt(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
