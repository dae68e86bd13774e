import { readFileSync } from "node:fs";
import { AGENTS } from "topology";
import { startChild } from "../../support/child.ts";
import type { Peers } from "./cell.ts";
import { MODES } from "./swaps.ts";

export const PYTHON = process.env.PYTHON_UNDER_TEST!;
export const program = (name: string) => new URL(`python/${name}.py`, import.meta.url).pathname;

/** A program's output for the tests: its lines of JSON. */
export const factsIn = (text: string) =>
  text.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : []));

/** Name and version, as installed. */
export function publishedLibrary(): string {
  const requirements = readFileSync(new URL("python/requirements.txt", import.meta.url), "utf8");
  return `aauth ${/^aauth==(.+)$/m.exec(requirements)![1]} of PyPI`;
}

/** Small programs on the published library. */
export const pythonPeers: Peers = {
  isDriven: true,
  async start(box, { ports, urls }, mode) {
    const { authorizationScheme, signatureScheme } = MODES[mode];
    if (box === "backend") {
      const args = [program("agent"), String(ports.backend), urls.supplyChainAgent, signatureScheme];
      return startChild(PYTHON, args);
    }
    const isSupplyChain = box === "supply-chain-agent";
    const { scope } = AGENTS[box];
    const child = startChild(PYTHON, [
      program("resource"),
      String(isSupplyChain ? ports.supplyChainAgent : ports.marketAnalysisAgent),
      isSupplyChain ? urls.supplyChainAgent : urls.marketAnalysisAgent,
      urls.issuer,
      // In a user's name the token needs the scope that the exchange passes on.
      isSupplyChain && mode === "user-delegated"
        ? `${scope} ${AGENTS["market-analysis-agent"].scope}`
        : scope,
      authorizationScheme,
      ...(isSupplyChain ? [urls.marketAnalysisAgent, signatureScheme] : []),
    ]);
    await child.prints(/"ready": true/);
    return child;
  },
};
