import { AGENT_NAMES, AGENTS, agentUrl } from "topology";
import { DEMO_DIALECTS, type Row } from "./demo-dialect.ts";
import { type StackModes, type StackPorts, stackUrls, stateFolders } from "./stack.ts";

/** The label of the web page's main button. */
export const START_BUTTON = "Optimize Laptop Supply Chain";

/**
 * Text for a user once everything runs: addresses, an account, the button to press, and how to
 * stop. With services left out, also how to start those, unless they are the published demo's.
 */
export function welcomeText(
  ports: StackPorts,
  modes: StackModes,
  start: {
    readonly readyAfterMs: number;
    /** Names of the services that were left out. */
    readonly leftOut?: readonly string[];
    /** The resources' owners, as `ACCESS_SERVER_OWNERS` has them. */
    readonly owners?: string | undefined;
    /**
     * Work that an earlier start has left, as counted by `keptWork`. Undefined if there is none.
     */
    readonly continues?: string | undefined;
    /** With it the page starts other modes. Undefined: it cannot. */
    readonly secret?: string | undefined;
  },
): string {
  const { readyAfterMs, leftOut = [], owners = "", continues, secret } = start;
  const urls = stackUrls(ports);
  const dialect = DEMO_DIALECTS[modes.profile];
  const page = secret === undefined ? urls.ui : `${urls.ui}/#start=${secret}`;
  const isSwap = modes.publishedPeers !== undefined;
  const pages: Row[] = [
    ...(modes.ui ? ([["Web page", page, "ui"]] as const) : []),
    [modes.jaegerProgram === undefined ? "Traces" : "Traces (Jaeger)", urls.traces, "trace-store"],
    ...dialect.pages(modes, urls, owners),
    ...(modes.authServer === "keycloak"
      ? ([["Keycloak's console", `${urls.authServer}/admin/`, "auth-server"]] as const)
      : []),
  ];
  const parties: Row[] = [
    ["Backend", urls.backend, "backend"],
    [dialect.authServerLabel, urls.issuer, "auth-server"],
    ...dialect.parties(modes),
    ["Gateway", urls.gateway, "gateway"],
    ...AGENT_NAMES.map((name): Row => [AGENTS[name].title, agentUrl(name, ports.gateway), name]),
  ];
  const width = Math.max(...[...pages, ...parties].map(([label]) => label.length));
  const line = ([label, url, service]: Row) => {
    const isLeftOut = leftOut.includes(service);
    return `  ${label.padEnd(width)}  ${url}${isLeftOut ? `  (${isSwap ? "the published demo's" : "left out"})` : ""}`;
  };
  const user = "mcp-user with password user123";
  const first =
    leftOut.length === 0 || isSwap ? "Open" : `Once ${leftOut.length === 1 ? "it runs" : "they run"}, open`;
  const next = modes.ui
    ? `${first} ${page}, sign in as ${user}, press "${START_BUTTON}".`
    : `The web page was left out; users sign in at the auth server, for example ${user}.`;
  return [
    "",
    `Ready in ${(readyAfterMs / 1000).toFixed(1)} s: ${dialect.title}, ${dialect.describe(modes)}.`,
    ...(continues === undefined ? [] : [continuesLine(stateFolders(ports, modes).data, continues)]),
    "",
    "For your browser:",
    ...pages.map(line),
    "",
    "For programs (addresses and identities; a browser finds no page there):",
    ...parties.map(line),
    "",
    ...(isSwap ? [] : leftOutLines(leftOut)),
    next,
    "Stop with Ctrl-C.",
    "",
    "",
  ].join("\n");
}

function continuesLine(folder: string, work: string): string {
  const kept = work === "" ? "" : `: ${work}`;
  return `It continues what ${folder} keeps${kept}; npm run demo -- --fresh starts empty.`;
}

function leftOutLines(leftOut: readonly string[]): string[] {
  if (leftOut.length === 0) return [];
  return [
    "Left out, to be started in another terminal, with the same variables and flags:",
    `  npm run demo -- --only ${leftOut.join(",")}`,
    "",
  ];
}
