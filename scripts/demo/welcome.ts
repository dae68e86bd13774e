import { type StackModes, type StackPorts, stackUrls } from "./stack.ts";

/** The label of the web page's main button. */
export const START_BUTTON = "Optimize Laptop Supply Chain";

/** What a newcomer needs when everything is up: where to go, who to be, what to press, how to stop. */
export function welcomeText(ports: StackPorts, modes: StackModes, readyAfterMs: number): string {
  const urls = stackUrls(ports);
  const rows = [
    ...(modes.ui ? [["Web page", urls.ui]] : []),
    ["Backend", urls.backend],
    ["Auth server", urls.issuer],
    ...(modes.authServer === "keycloak" ? [["Keycloak's console", `${urls.authServer}/admin/`]] : []),
    ["Gateway", urls.gateway],
    ["Supply-chain agent", urls.supplyChainAgent],
    ["Market-analysis agent", urls.marketAnalysisAgent],
    [modes.jaegerProgram === undefined ? "Traces" : "Traces (Jaeger)", urls.traces],
  ];
  const width = Math.max(...rows.map(([name]) => name!.length));
  const user = "mcp-user with password user123";
  const next = modes.ui
    ? `Open ${urls.ui}, sign in as ${user}, press "${START_BUTTON}".`
    : `The web page was left out; users sign in at the auth server, for example ${user}.`;
  return [
    "",
    `Ready in ${(readyAfterMs / 1000).toFixed(1)} s: signatures by ${modes.signatureScheme}, authorization ${modes.authorizationScheme}.`,
    "",
    ...rows.map(([name, url]) => `  ${name!.padEnd(width)}  ${url}`),
    "",
    next,
    "Stop with Ctrl-C.",
    "",
    "",
  ].join("\n");
}
