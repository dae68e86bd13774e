import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { startChild } from "./child.ts";
import { commandsOf } from "./walkthrough-commands.ts";

const RULE_INDENT = " ".repeat(18);

/** The page's edit of the shipped policy: another scope in the first rule. */
export function changedPolicy(policy: string): string {
  return policy.replace('"supply-chain:optimize" in', '"supply-chain:approve" in');
}

/** The shipped policy with the page's four mistakes in place of its first rule. */
export function mistakenPolicy(policy: string, page: string): string {
  const mistakes = yamlBlock(page, "deny:");
  const [before, rest] = policy.split(/^ {18}- >-\n {20}extauthz/m) as [string, string];
  const after = rest.slice(rest.indexOf(`${RULE_INDENT}# What must be readable`));
  return `${before}${mistakes.replace(/^/gm, RULE_INDENT).trimEnd()}\n${after}`;
}

/** The shipped policy of draft -11 with the page's mistakes in place of its first rule. */
export function mistakenDraft11Policy(policy: string, page: string): string {
  const mistakes = yamlBlock(page, "extauthz.aauth.scopes").replace(/^/gm, RULE_INDENT).trimEnd();
  const start = policy.indexOf(`${RULE_INDENT}# The backend's agents`);
  const end = policy.indexOf(`${RULE_INDENT}# A person of this person server`);
  if (start < 0 || end < start) throw new Error("the policy of draft -11 has another first rule");
  return `${policy.slice(0, start)}${mistakes}\n${policy.slice(end)}`;
}

/**
 * The shipped policy with the rule on the chain uncommented, as the page shows it.
 *
 * @throws Error if the file has another one
 */
export function chainPolicy(policy: string, page: string): string {
  const lines = policy.split("\n");
  const start = lines.findIndex((line) => line.trim() === "# authorization:");
  const rule = lines.findIndex((line) => line.includes("for the backend and a user: the whole chain")) + 1;
  const takenIn = [start, start + 1, start + 2, rule];
  const text = lines
    .map((line, index) => (takenIn.includes(index) ? line.replace("# ", "") : line))
    .join("\n");
  const shown = yamlBlock(page, "the whole chain").split("\n")[1]!;
  if (!text.replace(/\$\{\w+:-([^}]*)\}/g, "$1").includes(shown))
    throw new Error(`the policy does not have: ${shown}`);
  return text;
}

/** Output of `npm run policy`. @throws Error for another exit status */
export function policyCommand(expectedStatus: number, ...args: string[]): Promise<string> {
  return runPolicy(expectedStatus, args, {});
}

/**
 * Output of a page's own `npm run policy`, the first with this part.
 *
 * @throws Error for another exit status
 */
export function shownPolicyCommand(expectedStatus: number, page: string, part: string): Promise<string> {
  const shown = commandsOf(page).find(({ line }) => line.includes(part));
  if (shown === undefined) throw new Error(`the page has no command with ${part}`);
  return runPolicy(expectedStatus, shown.words.slice(shown.words.indexOf("--") + 1), shown.env);
}

async function runPolicy(
  expectedStatus: number,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string> {
  // Without a developer's .env: the page shows the demo's ports.
  const options = { cwd: REPOSITORY_ROOT, env: { PATH: process.env.PATH, ...env } };
  const program = startChild(process.execPath, ["scripts/policy.ts", ...args], options);
  const { status } = await program.ended;
  if (status !== expectedStatus) throw new Error(`exit status ${status}: ${program.text()}`);
  return program.stdout();
}

function yamlBlock(page: string, part: string): string {
  const blocks = [...page.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, block]) => block!);
  const found = blocks.find((block) => block.includes(part));
  if (found === undefined) throw new Error(`the page has no YAML with ${part}`);
  return found;
}
