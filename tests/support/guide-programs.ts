/** The programs of docs/guide.md that name their file, unchanged. */

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type Child, startChild } from "./child.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Ports at which the programs expect each other. */
export const GUIDE_PORTS = { agent: 4011, ps: 4012, resource: 4013 } as const;

export interface GuidePrograms {
  /** Folder that they run in. */
  readonly folder: string;
  text(file: string): string;
  /** Output that a program's comments state. */
  printed(file: string): readonly string[];
  /**
   * Starts one, and waits until it says that it is ready, if it does. Default: without arguments.
   */
  start(file: string, ready?: RegExp, ...args: readonly string[]): Promise<Child>;
  /** Settings of a host of MCP, which the guide has as JSON. */
  readonly host: McpHost;
  /** Ends all of them. */
  stop(): Promise<void>;
}

/** Servers that a host of MCP starts as programs. */
interface McpHost {
  readonly mcpServers: Readonly<Record<string, McpProgram>>;
}
interface McpProgram {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Makes an empty folder for programs that import the packages: where they are installed
 * (INSTALLED_PACKAGES), or inside the repository, so that they resolve as they do for our own
 * scripts.
 */
export const programsFolder = () => mkdtemp(`${process.env.INSTALLED_PACKAGES ?? `${root}tests/docs`}/.run-`);

export async function guidePrograms(): Promise<GuidePrograms> {
  const guide = await readFile(`${root}docs/guide.md`, "utf8");
  const programs = new Map(
    [...guide.matchAll(/```ts ([\w-]+\.ts)\n([\s\S]*?)```/g)].map(([, file, text]) => [file!, text!]),
  );
  const folder = await programsFolder();
  await Promise.all([...programs].map(([file, text]) => writeFile(`${folder}/${file}`, text)));
  const children: Child[] = [];
  const host: McpHost = JSON.parse(/```json\n([\s\S]*?)```/.exec(guide)![1]!);
  return {
    folder,
    host,
    text: (file) => programs.get(file)!,
    printed: (file) =>
      [...programs.get(file)!.matchAll(/console\.log\(.*\); \/\/ (.+)$/gm)].map(([, text]) => text!),
    async start(file, ready, ...args) {
      const child = startChild(process.execPath, [file, ...args], { cwd: folder, timeout: 180_000 });
      children.push(child);
      if (ready !== undefined) await child.prints(ready);
      return child;
    },
    async stop() {
      for (const { process: running } of children) running.kill("SIGTERM");
      await Promise.all(children.map(({ ended }) => ended));
      await rm(folder, { recursive: true });
    },
  };
}

/** A person opens the page that the agent shows, and presses the button, if there is one. */
export async function consentAt(page: string): Promise<string> {
  const text = await (await fetch(page)).text();
  const action = /<form method="post" action="([^"]+)">/.exec(text)?.[1];
  if (action === undefined) return text;
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  await (await fetch(new URL(action, page), { method: "POST", headers, body: "" })).text();
  return text;
}
