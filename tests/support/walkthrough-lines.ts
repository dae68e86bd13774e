import { anyOf, runValues } from "./walkthrough-values.ts";

const LEFT_OUT = "…";

/**
 * Finds for a shown line the real one and gives it back in the shown form. What differs from run to
 * run is taken from the log; `…` in the shown line stands for anything and stays. Each service's
 * lines are found in their order, from call to call.
 *
 * @returns a function whose result is undefined when the log has no such line
 */
export function fillLines(log: string): (shown: string) => string | undefined {
  const real = log.split("\n");
  const next = new Map<string, number>();
  return (shown) => {
    const service = shown.split("|", 1)[0]!;
    const { pattern, rebuild } = templateOf(shown);
    for (let index = next.get(service) ?? 0; index < real.length; index++) {
      const match = pattern.exec(real[index]!);
      if (match === null) continue;
      next.set(service, index + 1);
      return rebuild(match.slice(1));
    }
    return undefined;
  };
}

function templateOf(shown: string): { pattern: RegExp; rebuild: (values: readonly string[]) => string } {
  const values = runValues(shown);
  const literals: string[] = [];
  let from = 0;
  for (const { index, text } of values) {
    literals.push(shown.slice(from, index));
    from = index + text.length;
  }
  literals.push(shown.slice(from));
  const source = literals.map((literal, at) => {
    const form = values[at]?.form;
    return `${literal.split(LEFT_OUT).map(quoted).join(".*")}${form === undefined ? "" : `(${anyOf(form)})`}`;
  });
  return {
    pattern: new RegExp(`^${source.join("")}$`),
    rebuild: (found) => literals.map((literal, at) => `${literal}${found[at] ?? ""}`).join(""),
  };
}

function quoted(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
