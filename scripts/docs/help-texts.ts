import { PORTS } from "topology";
import { COMMANDS } from "../commands.mjs";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { runProgram } from "../run-program.ts";

/**
 * Help of each command whose script declares its flags, for a clone without packages. Defaults are
 * those of a demo that no variable has moved.
 */
export async function helpTexts(): Promise<string> {
  const names = Object.keys(COMMANDS).filter((name) => COMMANDS[name]!.usage === undefined);
  const texts = await Promise.all(names.map(async (name) => [name, await helpOf(COMMANDS[name]!.script)]));
  return `${JSON.stringify(Object.fromEntries(texts), null, 2)}\n`;
}

async function helpOf(script: string): Promise<readonly string[]> {
  const env = Object.fromEntries(Object.values(PORTS).map(({ variable }) => [variable, undefined]));
  const { status, output } = await runProgram(process.execPath, [REPOSITORY_ROOT + script, "--help"], {
    output: "caught",
    env,
  });
  if (status !== 0) throw new Error(`${script} --help: ${output}`);
  return output.trimEnd().split("\n");
}
