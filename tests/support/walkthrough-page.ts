import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { DEMO_PORTS, type StackPorts } from "../../scripts/demo/stack.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const ANYTHING = "…";

/** A page of the walk-through, to be compared with a real run. */
export interface WalkthroughPage {
  readonly text: string;
  /** Fenced blocks of a language. */
  blocks(language: string): string[];
  /** Shown lines of the log that a run did not print, each service's in their order. */
  missingLines(log: string): string[];
  /** Shown tokens whose claims are in no line of the log. */
  missingTokens(log: string): string[];
  /** Files the page names that are not there. */
  missingFiles(): string[];
}

export function readWalkthroughPage(name: string): WalkthroughPage {
  const text = readFileSync(`${ROOT}docs/walkthrough/${name}`, "utf8");
  const blocks = (language: string) =>
    [...text.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)\n\`\`\``, "gm"))].map(
      (match) => match[1]!,
    );
  return {
    text,
    blocks,
    missingLines(log) {
      const real = log.split("\n");
      const next = new Map<string, number>();
      return blocks("text")
        .flatMap((block) => normalized(block).split("\n"))
        .filter((line) => {
          const service = line.split("|", 1)[0]!;
          const from = next.get(service) ?? 0;
          const at = real.findIndex((candidate, index) => index >= from && matches(line, candidate));
          if (at >= 0) next.set(service, at + 1);
          return at < 0;
        });
    },
    missingTokens: (log) =>
      blocks("json")
        .map((block) => normalized(`claims=${JSON.stringify(JSON.parse(block))}`))
        .filter((claims) => !log.includes(claims)),
    missingFiles: () =>
      [...text.matchAll(/`((?:services|packages|scripts|tests|ui)\/[\w./-]+)`/g)]
        .map((match) => match[1]!)
        .filter((file) => !existsSync(ROOT + file)),
  };
}

/** The log of a stack as the demo would have printed it, without what differs from run to run: ids, key material, times. */
export function comparableLog(log: string, ports: StackPorts): string {
  return normalized(withDemoPorts(log, ports));
}

export function withDemoPorts(text: string, ports: StackPorts): string {
  const keys = Object.keys(DEMO_PORTS) as (keyof StackPorts)[];
  return keys.reduce((result, key) => result.replaceAll(`:${ports[key]}`, `:${DEMO_PORTS[key]}`), text);
}

/** A shown line, where `…` stands for anything, and a real one. */
function matches(shown: string, real: string): boolean {
  const pattern = shown.split(ANYTHING).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${pattern.join(".*")}$`).test(real);
}

function normalized(text: string): string {
  return text
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<uuid>")
    .replace(/\bdelegate-[0-9a-f]{8}\b/g, "<delegate>")
    .replace(/(?<![\w-])[\w-]{43}(?![\w-])/g, "<key>")
    .replace(/(?<![\w-])[\w-]{22}(?![\w-])/g, "<id>")
    .replace(/\b\d{10}\b/g, "<time>");
}
