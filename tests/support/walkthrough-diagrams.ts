import { SERVICE_NAME } from "protocol-trace/names";
import { BROWSER, type Step } from "./walkthrough-steps.ts";

/** Who is meant by the names in a diagram. */
const PARTIES: Readonly<Record<string, string>> = {
  Browser: BROWSER,
  anybody: BROWSER,
  visitor: "visitor",
  backend: SERVICE_NAME.backend,
  "backend (agent server)": SERVICE_NAME.backend,
  delegate: SERVICE_NAME.delegateAgent,
  gateway: SERVICE_NAME.gateway,
  "supply-chain agent": SERVICE_NAME.supplyChainAgent,
  "market-analysis agent": SERVICE_NAME.marketAnalysisAgent,
  "auth server": SERVICE_NAME.authServer,
};

/** What can be said of a message and is looked for in what was recorded of it. */
const NAMED = /\b[a-z]+(?:_[a-z]+)+\b|\b(?:Agent-Auth|Retry-After|auth-token|httpsig|identity=\?1)(?!\w)/g;

/** Mermaid diagrams of a page, each a list of its lines. */
export function diagramsOf(page: string): string[][] {
  return [...page.matchAll(/^```mermaid\nsequenceDiagram\n([\s\S]*?)\n```/gm)].map(([, body]) =>
    body!.split("\n").map((line) => line.trim()),
  );
}

/**
 * The messages of a diagram that a run did not have, in that order and with what the diagram says of them: parties, method and path,
 * scheme, request type, status, and every name of a header, member or token. A message of which nothing is said counts as missing.
 */
export function missingMessages(diagram: readonly string[], steps: readonly Step[]): string[] {
  const names = new Map<string, string>();
  let next = 0;
  return diagram.filter((line) => {
    const participant = /^participant (\w+) as (.+)$/.exec(line);
    if (participant !== null) {
      const [, alias, name] = participant;
      names.set(alias!, PARTIES[name!] ?? name!);
      return PARTIES[name!] === undefined;
    }
    const arrow = /^(\w+)(-{1,2})>>(\w+): (.+)$/.exec(line);
    if (arrow === null) return !line.startsWith("Note ");
    const [, from, dashes, to, label] = arrow;
    const fits = fitting(label!);
    const at = steps.findIndex(
      (step, index) =>
        index >= next &&
        step.from === names.get(from!) &&
        step.to === names.get(to!) &&
        step.isAnswer === (dashes === "--") &&
        fits?.(step),
    );
    if (at >= 0) next = at + 1;
    return at < 0;
  });
}

/** Undefined for a label that says nothing that could be compared. */
function fitting(label: string): ((step: Step) => boolean) | undefined {
  const [, method, path, query] = /\b(GET|POST|DELETE) ([\w./-]*)(?:\?([\w&-]+))?/.exec(label) ?? [];
  const scheme = /\bscheme=(\w+)/.exec(label)?.[1];
  const requestType = /\brequest_type=(\w+)/.exec(label)?.[1];
  const status = /^\d{3}\b/.exec(label)?.[0];
  const names = label.replace(/\brequest_type=\w+/, "").match(NAMED) ?? [];
  if ([method, scheme, requestType, status, ...names].every((fact) => fact === undefined)) return undefined;
  return (step) => {
    const { pathname, searchParams } = new URL(step.url, "http://relative");
    const isThere = (name: string) => step.text.toLowerCase().includes(name.toLowerCase());
    return (
      (method === undefined || (step.method === method && pathFits(path!, pathname))) &&
      (query === undefined || query.split("&").every((name) => searchParams.has(name))) &&
      (scheme === undefined || step.scheme === scheme) &&
      (requestType === undefined || step.requestType === requestType) &&
      (status === undefined || step.status === Number(status)) &&
      names.every(isThere)
    );
  };
}

/** A path without a slash at its beginning is the end of one. */
function pathFits(shown: string, real: string): boolean {
  return shown.startsWith("/") ? real === shown : real.endsWith(`/${shown}`);
}
