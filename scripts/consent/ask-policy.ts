import { createInterface } from "node:readline/promises";
import type { Readable, Writable } from "node:stream";
import type { ConsentPolicy, PolicyAccess } from "./consent-policy.ts";
import { describePolicy } from "./describe-policy.ts";
import { BLANK_INSIDE, readScopeList } from "./scope-list.ts";

/**
 * Shows the policy, asks for a new one at a terminal, writes it, and shows it again.
 *
 * @throws Error with name `AbortError` when the person gives up (Ctrl-C, Ctrl-D, a closed window): nothing is written then. PolicyAccessError.
 */
export async function askPolicy(
  access: PolicyAccess,
  current: ConsentPolicy,
  { input, output }: { input: Readable; output: Writable },
): Promise<void> {
  const say = (text: string) => output.write(`${text}\n`);
  say(describePolicy(current));
  const terminal = createInterface({ input, output });
  // A terminal that is gone answers no more; readline would wait for it without end.
  const gone = new AbortController();
  terminal.once("close", () => gone.abort());
  try {
    say("\nEnter keeps what is there, - empties it. Separate several with commas.");
    const answer = async (question: string, kept: readonly string[]) => {
      for (;;) {
        const text = (await terminal.question(question, { signal: gone.signal })).trim();
        if (text === "") return kept;
        if (text === "-") return [];
        const words = readScopeList(text);
        if (words !== undefined) return words;
        say(`Not taken: ${BLANK_INSIDE}.`);
      }
    };
    const scopes = await answer("Scopes that need consent: ", current.scopes);
    const prefixes = await answer("Prefixes of scopes that need consent: ", current.prefixes);
    await access.write({ scopes, prefixes });
    say("\nChanged; it holds from the next request on.");
    say(describePolicy(await access.read()));
  } finally {
    terminal.close();
  }
}
